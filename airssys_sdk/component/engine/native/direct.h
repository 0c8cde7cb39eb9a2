/* A call whose arguments and result are numbers and texts: it writes what Python gives to where it belongs, makes the foreign
   call, and reads the result. As steps of their own these would cost as much as the call. */

typedef struct {
    Target call;
    Py_ssize_t count;
    Slot slots[MOST];
    Slot result;
    void **error;    /* takes the address of the error if the call fails */
    Target *release; /* frees a text in the result that has more than `most` bytes; the next call frees a smaller one */
    word most;
} Direct;

static PyTypeObject *direct_type;

static PyObject *
call_direct(PyObject *self, PyObject *const *objects, Py_ssize_t count)
{
    Direct *direct = (Direct *)self;
    if (count != direct->count) {
        PyErr_Format(PyExc_TypeError, "this takes %zd arguments, not %zd", direct->count, count);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        if (put_in(&direct->slots[i], objects[i]) < 0)
            return NULL;
    void (*target)(void) = direct->call.target;
    const word *a = direct->call.arguments;
    void *error;
    Py_BEGIN_ALLOW_THREADS
    error = CALL(void *);
    Py_END_ALLOW_THREADS
    if (error != NULL) {
        *direct->error = error;
        return Py_NewRef(Py_NotImplemented); /* nothing else returns that, so the caller knows by one comparison */
    }
    PyObject *result = taken_from(&direct->result);
    if (direct->result.code == 's' && *(const word *)direct->result.place > direct->most) {
        const Target *release = direct->release;
        Py_XDECREF(enter(release->target, release->result, release->arguments));
        *(char *)release->arguments[0] = 0; /* the result owns nothing any more */
    }
    return result;
}

static PyMethodDef direct_method = {"foreign", (PyCFunction)(void (*)(void))call_direct, METH_FASTCALL, NULL};

static void
forget_direct(PyObject *self)
{
    Py_XDECREF((PyObject *)((Direct *)self)->release);
    forget(self);
}

static PyObject *
direct(PyObject *module, PyObject *arguments)
{
    PyObject *call, *release, *places;
    const char *codes;
    unsigned long long most, error;
    if (!PyArg_ParseTuple(arguments, "OsO!KOK:direct", &call, &codes, &PyTuple_Type, &places, &error, &release, &most))
        return NULL;
    Target *target = target_of(call), *releasing = target == NULL ? NULL : target_of(release);
    if (releasing == NULL)
        return NULL;
    Py_ssize_t count = PyTuple_Size(places) - 1;
    if (count < 0 || count > MOST || strlen(codes) != (size_t)count + 1 || strspn(codes, "bBhHiIqQds") < (size_t)count
        || strchr("?bBhHiIqQfdsx", codes[count]) == NULL) {
        PyErr_SetString(PyExc_TypeError, "this takes a code and a place for each argument and for the result");
        return NULL;
    }
    word values[MOST + 1];
    for (Py_ssize_t i = 0; i <= count; i++) {
        values[i] = PyLong_AsSize_t(PyTuple_GetItem(places, i));
        if (values[i] == (word)-1 && PyErr_Occurred())
            return NULL;
    }
    Direct *made = PyObject_New(Direct, direct_type);
    if (made == NULL)
        return NULL;
    made->call.target = target->target;
    made->call.result = POINTER;
    memcpy(made->call.arguments, target->arguments, sizeof(words));
    made->call.kept = Py_NewRef(call);
    made->count = count;
    for (Py_ssize_t i = 0; i < count; i++)
        made->slots[i] = (Slot){codes[i], (void *)values[i]};
    made->result = (Slot){codes[count], (void *)values[count]};
    made->error = (void **)(word)error;
    made->release = (Target *)Py_NewRef((PyObject *)releasing);
    made->most = (word)most;
    PyObject *function = PyCFunction_NewEx(&direct_method, (PyObject *)made, NULL);
    Py_DECREF(made);
    return function;
}
