/* What `data` of a host import is. The Python function gives the address of an error, or 0; or, if `result` says how to write it, the
   result itself. */
typedef struct {
    Target call; /* makes an error of a text; keeps the Python function */
    PyObject *lower; /* takes what `lowered` gives it; NULL if the Python function reads and writes everything itself */
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

/* Has a result written that `answered` does not know, or kept what was raised if there is none: for want of memory, mostly. */
static PyObject *
lowered(const Host *host, PyObject *context, word results, PyObject *result)
{
    PyObject *value = result, *answer = NULL;
    if (result == NULL) {
        PyObject *type, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        Py_XDECREF(type);
        Py_XDECREF(traceback);
    }
    PyObject *place = PyLong_FromSize_t(results);
    if (place != NULL && value != NULL)
        answer = PyObject_CallFunctionObjArgs(host->lower, context, place, value, result == NULL ? Py_True : Py_False, NULL);
    Py_XDECREF(place);
    Py_XDECREF(value);
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
    if (object != NULL && host->lower != NULL && (answer == NULL || !answered(host, answer, results)))
        answer = lowered(host, object, results, answer);
    else if (host->lower != NULL)
        Py_CLEAR(answer);
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
