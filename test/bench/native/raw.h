/* What the helpers that make and read frames share: time, byte order, namespaces, the end with a reason. */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void enter(const char *namespace)
{
	char path[256];
	snprintf(path, sizeof path, "/run/netns/%s", namespace);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) fail(namespace);
	close(fd);
}

static inline int64_t micros(const struct timespec *at) { return at->tv_sec * 1000000LL + at->tv_nsec / 1000; }

static inline int64_t clock_us(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return micros(&now);
}

/* Sleeps until the next of times that are `step` apart; answers by how much it woke up too late. */
static inline int64_t next_tick(struct timespec *at, int64_t step)
{
	struct timespec woke;
	at->tv_nsec += step * 1000;
	if (at->tv_nsec >= 1000000000) {
		at->tv_nsec -= 1000000000;
		at->tv_sec++;
	}
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL);
	clock_gettime(CLOCK_MONOTONIC, &woke);
	int64_t late = micros(&woke) - micros(at);
	if (late > step) *at = woke;
	return late;
}

static inline void put32(unsigned char *at, uint32_t value)
{
	value = htonl(value);
	memcpy(at, &value, 4);
}

static inline uint32_t get32(const unsigned char *at)
{
	uint32_t value;
	memcpy(&value, at, 4);
	return ntohl(value);
}

#endif
