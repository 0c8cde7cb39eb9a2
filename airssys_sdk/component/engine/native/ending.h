/* The end of the process, and the engine's calls that reach Python through functions that ctypes made. */

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
