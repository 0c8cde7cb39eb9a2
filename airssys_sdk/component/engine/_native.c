/* Calls of the engine's C functions, and its calls of ours, without ctypes in between.

   This module knows nothing of the engine: addresses, layouts and argument order come from `abi.py` and its neighbours,
   which work with ctypes where this module could not be built. What it does is what ctypes does for a function
   without declared parameters, in a fifth of the time.

   It keeps to Python's limited API of 3.11, so one build serves every later version. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef _WIN32
#include <windows.h>
#else
#include <unistd.h>
#endif

#define REVISION 5 /* counts what changes for `foreign.py`, which takes no module of another number */
#define MOST 9 /* parameters of one function */
#define SECTOR 512

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

/* A thread that nobody waits for may still be inside a guest when the interpreter ends, and come here afterwards. It can go neither
   on nor back: Python would end it by unwinding the engine's frames, or crash when nothing is left of the interpreter. So it
   stays here for the few milliseconds that the process has left. */
static int (*is_ending)(void); /* NULL until the exit begins */
static unsigned long last_thread; /* which runs the exit, and may call guests until it is done */

static PyObject *
hold_back(PyObject *module, PyObject *address)
{
    int (*told)(void) = (int (*)(void))PyLong_AsVoidPtr(address);
    if (told == NULL && PyErr_Occurred())
        return NULL;
    last_thread = PyThread_get_thread_ident();
    is_ending = told;
    Py_RETURN_NONE;
}

static void
wait_for_the_end(void)
{
    for (;;)
#ifdef _WIN32
        Sleep(INFINITE);
#else
        pause();
#endif
}

static void
hold_back_at_the_end(void)
{
    if (is_ending != NULL && PyThread_get_thread_ident() != last_thread && (is_ending() || !Py_IsInitialized()))
        wait_for_the_end();
}

/* The engine's other calls of Python reach it through functions that ctypes made, and are held back like those above. `data` is the
   address of such a function; only the output of guests has data of its own, and one function for all. */
static ptrdiff_t (*output)(void *, const void *, size_t);

static ptrdiff_t
enter_output(void *data, const void *bytes, size_t size)
{
    hold_back_at_the_end();
    return output(data, bytes, size);
}

static word
enter_destructor(void *data, word context, uint32_t number)
{
    hold_back_at_the_end();
    return ((word(*)(void *, word, uint32_t))data)(NULL, context, number);
}

static void
enter_suspending(
    void *data, word context, word type, word arguments, size_t count, word results, size_t size, word error, word next)
{
    hold_back_at_the_end();
    ((void (*)(void *, word, word, word, size_t, word, size_t, word, word))data)(
        NULL, context, type, arguments, count, results, size, error, next);
}

static PyObject *
take_output(PyObject *module, PyObject *address)
{
    void *taker = PyLong_AsVoidPtr(address);
    if (taker == NULL && PyErr_Occurred())
        return NULL;
    output = (ptrdiff_t(*)(void *, const void *, size_t))taker;
    Py_RETURN_NONE;
}

/* Text lies in C as `{size, data}`, UTF-8, and Python can give a string's UTF-8 without a copy of its own. */

static int
numbers_of(PyObject *const *objects, Py_ssize_t given, Py_ssize_t wanted, word *out)
{
    if (given != wanted) {
        PyErr_Format(PyExc_TypeError, "this takes %zd arguments, not %zd", wanted, given);
        return -1;
    }
    for (Py_ssize_t i = 0; i < wanted; i++) {
        out[i] = PyLong_AsSize_t(objects[i]);
        if (out[i] == (word)-1 && PyErr_Occurred())
            return -1;
    }
    return 0;
}

static PyObject *
text(PyObject *module, PyObject *const *objects, Py_ssize_t given)
{
    word place[2]; /* address, size */
    if (numbers_of(objects, given, 2, place) < 0)
        return NULL;
    return PyUnicode_DecodeUTF8((const char *)place[0], (Py_ssize_t)place[1], NULL);
}

static PyObject *
texts(PyObject *module, PyObject *const *objects, Py_ssize_t given)
{
    word place[3]; /* address of the first `{size, data}`, how many, bytes from one to the next */
    if (numbers_of(objects, given, 3, place) < 0)
        return NULL;
    PyObject *made = PyList_New((Py_ssize_t)place[1]);
    for (word i = 0; made != NULL && i < place[1]; i++) {
        const word *vector = (const word *)(place[0] + i * place[2]);
        PyObject *one = PyUnicode_DecodeUTF8((const char *)vector[1], (Py_ssize_t)vector[0], NULL);
        if (one == NULL || PyList_SetItem(made, (Py_ssize_t)i, one) < 0) {
            Py_DECREF(made);
            return NULL;
        }
    }
    return made;
}

static int
put(word address, PyObject *string)
{
    Py_ssize_t size;
    if (!PyUnicode_Check(string)) {
        PyErr_SetString(PyExc_TypeError, "this is no string");
        return -1;
    }
    const char *data = PyUnicode_AsUTF8AndSize(string, &size);
    if (data == NULL)
        return -1;
    ((word *)address)[0] = (word)size;
    ((word *)address)[1] = (word)data;
    return 0;
}

static PyObject *
put_texts(PyObject *module, PyObject *const *objects, Py_ssize_t given)
{
    word place[2]; /* address of the first `{size, data}`, bytes from one to the next */
    if (numbers_of(objects, given - 1, 2, place) < 0)
        return NULL;
    Py_ssize_t count = PyList_Size(objects[2]);
    if (count < 0)
        return NULL;
    for (Py_ssize_t i = 0; i < count; i++)
        if (put(place[0] + (word)i * place[1], PyList_GetItem(objects[2], i)) < 0)
            return NULL;
    Py_RETURN_NONE;
}

/* A call whose arguments and result are numbers and texts: it writes what Python gives to where it belongs, makes the foreign
   call, and reads the result. As steps of their own these would cost as much as the call. */

typedef struct {
    char code; /* as in Python's `struct`, with `s` for the `{size, data}` of a text and `x` for nothing */
    void *place;
} Slot;

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

static int
integer_of(PyObject *value, long long least, long long greatest, long long *out)
{
    if (!PyLong_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "this is no integer");
        return -1;
    }
    *out = PyLong_AsLongLong(value);
    if (*out == -1 && PyErr_Occurred())
        return -1;
    if (*out < least || *out > greatest) {
        PyErr_SetString(PyExc_OverflowError, "the integer is too small or too great");
        return -1;
    }
    return 0;
}

#define PUT_INTEGER(type, least, greatest) \
    if (integer_of(value, least, greatest, &integer) < 0) \
        return -1; \
    *(type *)slot->place = (type)integer; \
    return 0

/* Runs no code of the value's: of what is below `int`, `float` and `str` it takes what Python itself keeps there. */
static int
put_in(const Slot *slot, PyObject *value)
{
    long long integer;
    switch (slot->code) {
    case 'b':
        PUT_INTEGER(int8_t, INT8_MIN, INT8_MAX);
    case 'B':
        PUT_INTEGER(uint8_t, 0, UINT8_MAX);
    case 'h':
        PUT_INTEGER(int16_t, INT16_MIN, INT16_MAX);
    case 'H':
        PUT_INTEGER(uint16_t, 0, UINT16_MAX);
    case 'i':
        PUT_INTEGER(int32_t, INT32_MIN, INT32_MAX);
    case 'I':
        PUT_INTEGER(uint32_t, 0, UINT32_MAX);
    case 'q':
        PUT_INTEGER(int64_t, INT64_MIN, INT64_MAX);
    case 'Q':
        if (!PyLong_Check(value))
            return integer_of(value, 0, 0, &integer);
        *(uint64_t *)slot->place = PyLong_AsUnsignedLongLong(value);
        return *(uint64_t *)slot->place == UINT64_MAX && PyErr_Occurred() ? -1 : 0;
    case 'd':
        if (!PyFloat_Check(value)) {
            PyErr_SetString(PyExc_TypeError, "this is no float");
            return -1;
        }
        *(double *)slot->place = PyFloat_AsDouble(value);
        return 0;
    default:
        return put((word)slot->place, value);
    }
}

static PyObject *
text_in(const word *vector)
{
    return PyUnicode_DecodeUTF8((const char *)vector[1], (Py_ssize_t)vector[0], NULL);
}

static PyObject *
taken_from(const Slot *slot)
{
    const void *place = slot->place;
    switch (slot->code) {
    case '?':
        return PyBool_FromLong(*(const uint8_t *)place);
    case 'b':
        return PyLong_FromLong(*(const int8_t *)place);
    case 'B':
        return PyLong_FromLong(*(const uint8_t *)place);
    case 'h':
        return PyLong_FromLong(*(const int16_t *)place);
    case 'H':
        return PyLong_FromLong(*(const uint16_t *)place);
    case 'i':
        return PyLong_FromLong(*(const int32_t *)place);
    case 'I':
        return PyLong_FromUnsignedLong(*(const uint32_t *)place);
    case 'q':
        return PyLong_FromLongLong(*(const int64_t *)place);
    case 'Q':
        return PyLong_FromUnsignedLongLong(*(const uint64_t *)place);
    case 'f':
        return PyFloat_FromDouble(*(const float *)place);
    case 'd':
        return PyFloat_FromDouble(*(const double *)place);
    case 's':
        return text_in(place);
    default:
        Py_RETURN_NONE;
    }
}

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

/* What `data` of a host import is. The Python function gives the address of an error, or 0; or, if `result` says how to write it, the
   result itself. */
typedef struct {
    Target call; /* makes an error of a text; keeps the Python function */
    PyObject *lower; /* writes a result that is not as usual; NULL if the Python function reads and writes everything itself */
    Py_ssize_t count;
    char codes[MOST];
    char result;
    word step, offset; /* from one cell to the next; from its beginning to the number or text */
    word kind; /* how a cell of the result begins */
} Host;

static PyTypeObject *host_type;

static PyObject *
host_import(PyObject *module, PyObject *arguments)
{
    PyObject *function, *make_error, *lower = Py_None;
    const char *codes = "x";
    unsigned long long step = 0, offset = 0, kind = 0;
    if (!PyArg_ParseTuple(
            arguments, "OO|OsKKK:host_import", &function, &make_error, &lower, &codes, &step, &offset, &kind))
        return NULL;
    Target *target = target_of(make_error);
    if (target == NULL)
        return NULL;
    size_t count = strlen(codes);
    if (count == 0 || --count > MOST - 2 || strspn(codes, "?bBhHiIqQfds") < count
        || strchr("?bBhHiIqQfdx", codes[count]) == NULL) {
        PyErr_SetString(PyExc_TypeError, "this takes a code for each argument and for the result");
        return NULL;
    }
    Host *host = PyObject_New(Host, host_type);
    if (host == NULL)
        return NULL;
    host->call.target = target->target;
    host->call.result = POINTER;
    host->call.kept = Py_NewRef(function);
    host->lower = lower == Py_None ? NULL : Py_NewRef(lower);
    host->count = (Py_ssize_t)count;
    memcpy(host->codes, codes, count);
    host->result = codes[count];
    host->step = (word)step;
    host->offset = (word)offset;
    host->kind = (word)kind;
    PyObject *made = PyCFunction_NewEx(&call_method, (PyObject *)host, NULL);
    Py_DECREF(host);
    return made;
}

static void
forget_host(PyObject *self)
{
    Py_XDECREF(((Host *)self)->lower);
    forget(self);
}

/* Writes what a function returned, if it is exactly of the type that it should be and fits. */
static bool
answered(const Host *host, PyObject *answer, word results)
{
    Slot slot = {host->result, (void *)(results + host->offset)};
    switch (slot.code) {
    case 'x':
        return answer == Py_None;
    case '?':
        if (answer != Py_True && answer != Py_False)
            return false;
        *(uint8_t *)slot.place = answer == Py_True;
        break;
    case 'f':
    case 'd':
        if (!PyFloat_CheckExact(answer))
            return false;
        double number = PyFloat_AsDouble(answer);
        if (slot.code == 'd')
            *(double *)slot.place = number;
        else if (number - number == 0 && (number > FLT_MAX || number < -FLT_MAX))
            return false; /* it would become infinite, or be rounded to the greatest */
        else
            *(float *)slot.place = (float)number;
        break;
    default:
        if (!PyLong_CheckExact(answer))
            return false;
        if (put_in(&slot, answer) < 0) {
            PyErr_Clear();
            return false;
        }
    }
    *(uint64_t *)results = host->kind;
    return true;
}

static PyObject *
enter_function(const Host *host, PyObject *context, word arguments, word results)
{
    PyObject *parts[MOST] = {context};
    Py_ssize_t count = 1;
    if (host->lower == NULL) {
        parts[count++] = PyLong_FromSize_t(arguments);
        parts[count++] = PyLong_FromSize_t(results);
    } else {
        for (Py_ssize_t i = 0; i < host->count; i++) {
            Slot slot = {host->codes[i], (void *)(arguments + (word)i * host->step + host->offset)};
            parts[count++] = taken_from(&slot);
        }
    }
    PyObject *answer = NULL;
    if (!PyErr_Occurred())
        /* The list ends with the first NULL. */
        answer = PyObject_CallFunctionObjArgs(
            host->call.kept, parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6], parts[7], parts[8], NULL);
    for (Py_ssize_t i = 1; i < count; i++)
        Py_XDECREF(parts[i]);
    return answer;
}

/* The engine calls a host import. What it calls in Python lets no exception out, but for want of memory it may not even be entered: the
   engine must not read an undefined answer then. */
static word
enter_host(void *data, word context, word type, word arguments, size_t count, word results, size_t size)
{
    hold_back_at_the_end();
    PyGILState_STATE state = PyGILState_Ensure();
    const Host *host = (Host *)PyCFunction_GetSelf((PyObject *)data);
    word error = 0;
    PyObject *object = PyLong_FromSize_t(context);
    PyObject *answer = object == NULL ? NULL : enter_function(host, object, arguments, results);
    if (answer != NULL && host->lower != NULL) {
        PyObject *value = answer;
        answer = NULL;
        if (!answered(host, value, results)) {
            PyObject *place = PyLong_FromSize_t(results);
            if (place != NULL)
                answer = PyObject_CallFunctionObjArgs(host->lower, object, place, value, NULL);
            Py_XDECREF(place);
        }
        Py_DECREF(value);
    }
    if (answer != NULL)
        error = PyLong_AsSize_t(answer);
    Py_XDECREF(answer);
    Py_XDECREF(object);
    if (PyErr_Occurred()) {
        PyErr_WriteUnraisable(host->call.kept);
        error = ((word(*)(const char *))host->call.target)("a host import could not be entered");
    }
    PyGILState_Release(state);
    return error;
}

/* The sum of the 64-bit words of a buffer, the last one filled up with zeros, those of each sector times an odd number of its own:
   a sector in the place of another is noticed then. An odd factor loses no bit. */
static PyObject *
word_sum(PyObject *module, PyObject *object)
{
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    uint64_t sum = 0, factor = 1;
    const char *data = view.buf;
    Py_BEGIN_ALLOW_THREADS
    for (size_t left = (size_t)view.len; left > 0; factor += 2) {
        size_t size = left < SECTOR ? left : SECTOR;
        uint64_t part = 0, one = 0;
        for (size_t i = 0; i < size / 8; i++) {
            memcpy(&one, data + 8 * i, 8);
            part += one;
        }
        one = 0;
        memcpy(&one, data + size / 8 * 8, size % 8);
        sum += (part + one) * factor;
        data += size;
        left -= size;
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view);
    return PyLong_FromUnsignedLongLong(sum);
}

static PyObject *
same(PyObject *module, PyObject *object)
{
    return Py_NewRef(object);
}

static PyMethodDef functions[] = {
    {"function", function, METH_VARARGS, NULL},
    {"ready", ready, METH_VARARGS, NULL},
    {"host_import", host_import, METH_VARARGS, NULL},
    {"hold_back", hold_back, METH_O, NULL},
    {"take_output", take_output, METH_O, NULL},
    {"same", same, METH_O, NULL},
    {"word_sum", word_sum, METH_O, NULL},
    {"text", (PyCFunction)(void (*)(void))text, METH_FASTCALL, NULL},
    {"direct", direct, METH_VARARGS, NULL},
    {"texts", (PyCFunction)(void (*)(void))texts, METH_FASTCALL, NULL},
    {"put_texts", (PyCFunction)(void (*)(void))put_texts, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot target_slots[] = {{Py_tp_dealloc, forget}, {0, NULL}};
static PyType_Spec target_spec = {
    "airssys_sdk.component.engine._native.Target",
    sizeof(Target),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    target_slots,
};

static PyType_Slot direct_slots[] = {{Py_tp_dealloc, forget_direct}, {0, NULL}};
static PyType_Spec direct_spec = {
    "airssys_sdk.component.engine._native.Direct",
    sizeof(Direct),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    direct_slots,
};

static PyType_Slot host_slots[] = {{Py_tp_dealloc, forget_host}, {0, NULL}};
static PyType_Spec host_spec = {
    "airssys_sdk.component.engine._native.Host",
    sizeof(Host),
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    host_slots,
};

static PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", NULL, -1, functions, NULL, NULL, NULL, NULL};

static const struct {
    const char *name;
    void (*function)(void);
} entries[] = {
    {"HOST_IMPORT", (void (*)(void))enter_host},
    {"OUTPUT", (void (*)(void))enter_output},
    {"DESTRUCTOR", (void (*)(void))enter_destructor},
    {"SUSPENDING", (void (*)(void))enter_suspending},
};

static int
add_entries(PyObject *made)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        PyObject *address = PyLong_FromVoidPtr((void *)entries[i].function);
        int failed = address == NULL ? -1 : PyModule_AddObjectRef(made, entries[i].name, address);
        Py_XDECREF(address);
        if (failed < 0)
            return -1;
    }
    return 0;
}

PyMODINIT_FUNC
PyInit__native(void)
{
    PyObject *made = PyModule_Create(&module);
    target_type = (PyTypeObject *)PyType_FromSpec(&target_spec);
    direct_type = (PyTypeObject *)PyType_FromSpec(&direct_spec);
    host_type = (PyTypeObject *)PyType_FromSpec(&host_spec);
    if (made == NULL || target_type == NULL || direct_type == NULL || host_type == NULL || add_entries(made) < 0
        || PyModule_AddIntConstant(made, "REVISION", REVISION) < 0) {
        Py_XDECREF(made);
        return NULL;
    }
    return made;
}
