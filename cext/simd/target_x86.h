/* Compile what follows for TARGET: setuptools passes the same flags to every source. */
#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_TARGET
#include <immintrin.h>
#include <math.h>
#include <string.h>
#define TARGET_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define TARGET_PUSH(name) TARGET_PRAGMA(clang attribute push(__attribute__((target(name))), apply_to = function))
#else
#define TARGET_PUSH(name) TARGET_PRAGMA(GCC target(name))
#endif
TARGET_PUSH(TARGET)
#endif
