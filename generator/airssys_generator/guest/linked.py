"""The functions of the C library in every guest, whose names no function of the world itself can have."""

from __future__ import annotations

TAKEN = frozenset(
    """
    a64l abort abs accept accept4 access acos acosf acosh acoshf acoshl acosl alphasort alphasort64
    arc4random asctime asin asinf asinh asinhf asinhl asinl asprintf atan atan2 atan2f atan2l atanf atanh
    atanhf atanhl atanl atexit atof atoi atol atoll basename bcmp bcopy bind bsearch btowc bzero c16rtomb
    c32rtomb cabs cabsf cabsl cacos cacosf cacosh cacoshf cacoshl cacosl calloc carg cargf cargl casin
    casinf casinh casinhf casinhl casinl catan catanf catanh catanhf catanhl catanl catclose catgets catopen
    cbrt cbrtf cbrtl ccos ccosf ccosh ccoshf ccoshl ccosl ceil ceilf ceill cexp cexpf cexpl chdir chmod
    cimag cimagf cimagl clearenv clearerr clock clog clogf clogl close closedir confstr conj conjf conjl
    connect copysign copysignf copysignl cos cosf cosh coshf coshl cosl cpow cpowf cpowl cproj cprojf cprojl
    creal crealf creall creat creat64 crypt csin csinf csinh csinhf csinhl csinl csqrt csqrtf csqrtl ctan
    ctanf ctanh ctanhf ctanhl ctanl ctime difftime dirfd dirname div dlclose dlerror dlopen dlsym dprintf
    drand48 drem dremf duplocale ecvt encrypt erand48 erf erfc erfcf erfcl erff erfl exit exp exp10 exp10f
    exp10l exp2 exp2f exp2l expf expl expm1 expm1f expm1l fabs fabsf fabsl faccessat fchmod fchmodat fclose
    fcntl fcvt fdatasync fdclosedir fdim fdimf fdiml fdopen fdopendir feclearexcept fegetenv fegetexceptflag
    fegetround feholdexcept feof feraiseexcept ferror fesetenv fesetexceptflag fesetround fetestexcept
    feupdateenv fflush ffs ffsl ffsll fgetc fgetln fgetpos fgetpos64 fgets fgetwc fgetws fileno finite
    finitef floor floorf floorl fma fmaf fmal fmax fmaxf fmaxl fmemopen fmin fminf fminl fmod fmodf fmodl
    fmtmsg fnmatch fopen fopen64 fopencookie fpathconf fprintf fpurge fputc fputs fputwc fputws fread free
    freeaddrinfo freelocale freopen freopen64 frexp frexpf frexpl fscanf fseek fseeko fseeko64 fsetpos
    fsetpos64 fstat fstatat fstatvfs fsync ftell ftello ftello64 ftime ftruncate futimens futimesat fwide
    fwprintf fwrite fwscanf gcvt getaddrinfo getc getchar getcwd getdate getdelim getdomainname getentropy
    getenv gethostbyaddr gethostbyname gethostid gethostname getline getnameinfo getopt getpagesize
    getpeername getpid getprotobyname getrusage getservbyname getservbyport getsockname getsockopt getsubopt
    gettimeofday getw getwc getwchar glob glob64 globfree globfree64 gmtime hcreate hdestroy hsearch
    hstrerror htonl htons hypot hypotf hypotl iconv ilogb ilogbf ilogbl imaxabs imaxdiv index initstate
    insque ioctl iprintf isalnum isalpha isascii isatty isblank iscntrl isdigit isgraph islower isprint
    ispunct isspace isupper iswalnum iswalpha iswblank iswcntrl iswctype iswdigit iswgraph iswlower iswprint
    iswpunct iswspace iswupper iswxdigit isxdigit j0 j0f j1 j1f jn jnf jrand48 l64a labs lcong48 ldexp
    ldexpf ldexpl ldiv lfind lgamma lgammaf lgammal link linkat listen llabs lldiv llrint llrintf llrintl
    llround llroundf llroundl localeconv localtime log log10 log10f log10l log1p log1pf log1pl log2 log2f
    log2l logb logbf logbl logf logl lrand48 lrint lrintf lrintl lround lroundf lroundl lsearch lseek lstat
    malloc mblen mbrlen mbrtoc16 mbrtoc32 mbrtowc mbsinit mbsnrtowcs mbsrtowcs mbstowcs mbtowc memccpy
    memchr memcmp memcpy memmem memmove mempcpy memrchr memset mkdir mkdirat mktime modf modff modfl mrand48
    nan nanf nanl nanosleep nearbyint nearbyintf nearbyintl newlocale nextafter nextafterf nextafterl
    nexttoward nexttowardf nexttowardl nftw nftw64 nrand48 ntohl ntohs open openat opendir opendirat
    pathconf perror poll pow pow10 pow10f pow10l powf powl pread preadv printf pselect psignal putc putchar
    putenv puts putw putwc putwchar pwrite pwritev qsort raise rand random read readdir readlink readlinkat
    readv realloc reallocarray realpath recv recvfrom regcomp regerror regexec regfree remainder remainderf
    remainderl remove remque remquo remquof remquol rename renameat rewind rewinddir rindex rint rintf rintl
    rmdir round roundf roundl sbrk scalb scalbf scalbln scalblnf scalblnl scalbn scalbnf scalbnl scandir
    scandirat scanf seed48 seekdir select send sendto setbuf setbuffer setenv setkey setlinebuf setlocale
    setsockopt setstate setvbuf shutdown signal significand significandf sin sincos sincosf sincosl sinf
    sinh sinhf sinhl sinl sleep snprintf socket sprintf sqrt sqrtf sqrtl srand srand48 srandom sscanf stat
    statvfs stpcpy stpncpy strcasecmp strcasestr strcat strchr strchrnul strcmp strcoll strcpy strcspn
    strdup strerror strfmon strftime strlcat strlcpy strlen strncasecmp strncat strncmp strncpy strndup
    strnlen strpbrk strptime strrchr strsep strsignal strspn strstr strtod strtof strtoimax strtok strtol
    strtold strtoll strtoul strtoull strtoumax strverscmp strxfrm swab swprintf swscanf symlink symlinkat
    sysconf tan tanf tanh tanhf tanhl tanl tdelete tdestroy telldir tfind tgamma tgammaf tgammal time timegm
    times toascii tolower toupper towctrans towlower towupper trunc truncate truncf truncl tsearch twalk
    uname ungetc ungetwc unlink unlinkat unsetenv uselocale usleep utime utimensat utimes vasprintf vdprintf
    versionsort versionsort64 vfprintf vfscanf vfwprintf vfwscanf vprintf vscanf vsnprintf vsprintf vsscanf
    vswprintf vswscanf vwprintf vwscanf wcpcpy wcpncpy wcrtomb wcscasecmp wcscat wcschr wcscmp wcscoll
    wcscpy wcscspn wcsdup wcsftime wcslen wcsncasecmp wcsncat wcsncmp wcsncpy wcsnlen wcsnrtombs wcspbrk
    wcsrchr wcsrtombs wcsspn wcsstr wcstod wcstof wcstoimax wcstok wcstol wcstold wcstoll wcstombs wcstoul
    wcstoull wcstoumax wcswcs wcswidth wcsxfrm wctob wctomb wctrans wctype wcwidth wmemchr wmemcmp wmemcpy
    wmemmove wmemset wprintf write writev wscanf y0 y0f y1 y1f yn ynf
    """.split()  # noqa: SIM905  (a list of so many would be hard to read)
)
"""The functions of the libraries that componentize-py 0.25.1 links into a guest, as far as WIT can name one.

It exports the functions of a world under their plain names, beside those.
"""
