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

#define REVISION 6 /* counts what changes for `foreign.py`, which takes no module of another number */

/* In this order: each uses what stands before it. */
#include "foreign.h"
#include "ending.h"
#include "values.h"
#include "direct.h"
#include "imports.h"

#define SECTOR 512

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
