/* Calling a C function at an address with machine words. */

#define MOST 9 /* parameters of one function */

typedef uintptr_t word;
typedef word words[MOST];

enum { NOTHING, POINTER, TRUTH, NUMBER }; /* what a function returns */

typedef struct {
    PyObject_HEAD
    void (*target)(void);
    int result;
    words arguments;
    PyObject *kept; /* the objects whose memory the arguments point to */
} Target;

static PyTypeObject *target_type;

/* All parameters are integers or pointers of at most one machine word, which every 64-bit calling convention passes
   alike; further ones are ignored by who is called. */
#define CALL(type) \
    ((type(*)(word, word, word, word, word, word, word, word, word))target)( \
        a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8])

static PyObject *
enter(void (*target)(void), int result, const words a)
{
    void *pointer = NULL;
    bool truth = false;
    uint32_t number = 0;
    Py_BEGIN_ALLOW_THREADS
    switch (result) {
    case NOTHING:
        CALL(void);
        break;
    case POINTER:
        pointer = CALL(void *);
        break;
    case TRUTH:
        truth = CALL(bool);
        break;
    default:
        number = CALL(uint32_t);
    }
    Py_END_ALLOW_THREADS
    switch (result) {
    case TRUTH:
        return PyBool_FromLong(truth);
    case NUMBER:
        return PyLong_FromUnsignedLong(number);
    default:
        if (pointer == NULL)
            Py_RETURN_NONE;
        return PyLong_FromVoidPtr(pointer);
    }
}

/* An argument as a machine word: the address of the content of bytes, an integer itself, 0 for None. */
static int
word_of(PyObject *object, word *out)
{
    if (object == Py_None) {
        *out = 0;
        return 0;
    }
    if (PyBytes_Check(object)) {
        *out = (word)PyBytes_AsString(object);
        return 0;
    }
    if (!PyLong_Check(object)) {
        PyErr_SetString(PyExc_TypeError, "a foreign function takes bytes, integers and None");
        return -1;
    }
    *out = (word)PyLong_AsUnsignedLongLongMask(object);
    return *out == (word)-1 && PyErr_Occurred() ? -1 : 0;
}

static int
words_of(PyObject *const *objects, Py_ssize_t count, words out)
{
    if (count > MOST) {
        PyErr_SetString(PyExc_TypeError, "a foreign function takes no more than 9 arguments");
        return -1;
    }
    for (Py_ssize_t i = 0; i < MOST; i++) {
        out[i] = 0;
        if (i < count && word_of(objects[i], &out[i]) < 0)
            return -1;
    }
    return 0;
}

static PyObject *
call(PyObject *self, PyObject *const *objects, Py_ssize_t count)
{
    Target *target = (Target *)self;
    words arguments;
    if (words_of(objects, count, arguments) < 0)
        return NULL;
    return enter(target->target, target->result, arguments);
}

static PyObject *
call_ready(PyObject *self, PyObject *unused)
{
    Target *target = (Target *)self;
    return enter(target->target, target->result, target->arguments);
}

static PyMethodDef call_method = {"foreign", (PyCFunction)(void (*)(void))call, METH_FASTCALL, NULL};
static PyMethodDef ready_method = {"foreign", call_ready, METH_NOARGS, NULL};

static PyObject *
callable(PyMethodDef *method, word address, int result, const words arguments, PyObject *kept)
{
    Target *target = PyObject_New(Target, target_type);
    if (target == NULL)
        return NULL;
    target->target = (void (*)(void))address;
    target->result = result;
    for (int i = 0; i < MOST; i++)
        target->arguments[i] = arguments[i];
    target->kept = Py_XNewRef(kept);
    PyObject *made = PyCFunction_NewEx(method, (PyObject *)target, NULL);
    Py_DECREF(target);
    return made;
}

static void
forget(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(((Target *)self)->kept);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *
function(PyObject *module, PyObject *arguments)
{
    PyObject *object;
    int result;
    word address;
    static const words none = {0};
    if (!PyArg_ParseTuple(arguments, "Oi:function", &object, &result) || word_of(object, &address) < 0)
        return NULL;
    return callable(&call_method, address, result, none, NULL);
}

static Target *
target_of(PyObject *made)
{
    PyObject *self = PyCFunction_Check(made) ? PyCFunction_GetSelf(made) : NULL;
    if (self != NULL && PyObject_TypeCheck(self, target_type))
        return (Target *)self;
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_TypeError, "this is no foreign function");
    return NULL;
}

static PyObject *
ready(PyObject *module, PyObject *arguments)
{
    PyObject *made, *parameters, *kept, *objects[MOST];
    words values;
    if (!PyArg_ParseTuple(arguments, "OO!O:ready", &made, &PyTuple_Type, &parameters, &kept))
        return NULL;
    Target *target = target_of(made);
    if (target == NULL)
        return NULL;
    Py_ssize_t count = PyTuple_Size(parameters);
    for (Py_ssize_t i = 0; i < count && i < MOST; i++)
        objects[i] = PyTuple_GetItem(parameters, i);
    if (words_of(objects, count, values) < 0)
        return NULL;
    PyObject *both = PyTuple_Pack(2, parameters, kept);
    if (both == NULL)
        return NULL;
    PyObject *result = callable(&ready_method, (word)target->target, target->result, values, both);
    Py_DECREF(both);
    return result;
}
