/*
 * Included first into what prebuild.sh makes for glibc: asks for the names that glibc 2.32 to 2.34 gave a new version (moved into
 * libc.so) under their old one, which every later glibc has too. So the binary loads on glibc 2.28 and later.
 */
#if defined(__x86_64__)
#define MAINSTAY_FIRST "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define MAINSTAY_FIRST "GLIBC_2.17"
#endif
#define MAINSTAY_OLD(name) __asm__(".symver " #name "," #name "@" MAINSTAY_FIRST)

MAINSTAY_OLD(pthread_attr_setstacksize);
MAINSTAY_OLD(pthread_create);
MAINSTAY_OLD(pthread_join);
MAINSTAY_OLD(pthread_once);
MAINSTAY_OLD(pthread_sigmask);
MAINSTAY_OLD(sem_destroy);
MAINSTAY_OLD(sem_init);
MAINSTAY_OLD(sem_post);
MAINSTAY_OLD(sem_wait);
