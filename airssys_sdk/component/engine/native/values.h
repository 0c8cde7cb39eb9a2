/* Numbers and texts at places in memory. */

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

typedef struct {
    char code; /* as in Python's `struct`, with `s` for the `{size, data}` of a text and `x` for nothing */
    void *place;
} Slot;

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
