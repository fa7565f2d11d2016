/*
 * So many HTTP requests a second, each on a connection of its own, whether the earlier ones are answered or not, as strangers on the
 * Internet ask. In C, as the lab's processor is slow. Started by ../support/load.ts: requests FROM TO PORT PER_SECOND.
 *
 * For a line "t" on standard input it prints a tally: T STARTED BEGAN_MS SLOWEST_MS NAME=COUNT...; for "e" it begins no more, and prints
 * the last one when all have ended. A failure is told when it happens: F STARTED_MS FAILED_MS PORT WHY.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A machine that does not keep up asks less often, instead of drowning. */
enum { most_at_once = 50, most_servers = 16, first_port = 2000, last_port = 32000, longest_ms = 120000 };

struct asked {
	int fd;
	int port;
	double since;
	double clock;
	int has_asked;
	size_t length;
	char answer[512];
};

static struct asked all[most_at_once];
static struct { char name[32]; unsigned long count; } servers[most_servers];
static struct sockaddr_in from, to;
static int poller, under_way, port = first_port;
static unsigned long started;
static double began, slowest;

static double now(clockid_t clock)
{
	struct timespec at;
	clock_gettime(clock, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static void fail(const char *what)
{
	fprintf(stderr, "requests: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void over(struct asked *one, const char *why)
{
	if (why != NULL) printf("F %.0f %.0f %d %s\n", one->since, now(CLOCK_REALTIME), one->port, why);
	close(one->fd);
	one->fd = -1;
	under_way--;
}

static void count(const char *name, size_t length)
{
	for (int i = 0; i < most_servers; i++) {
		if (servers[i].count == 0) memcpy(servers[i].name, name, length);
		if (strlen(servers[i].name) != length || memcmp(servers[i].name, name, length) != 0) continue;
		servers[i].count++;
		return;
	}
}

/* The name of the server is the whole body of its answer. */
static void answered(struct asked *one)
{
	double took = now(CLOCK_MONOTONIC) - one->clock;
	one->answer[one->length] = '\0';
	const char *body = strstr(one->answer, "\r\n\r\n");
	size_t length = body == NULL ? 0 : strcspn(body + 4, "\n");
	if (strncmp(one->answer, "HTTP/1.", 7) != 0 || strncmp(one->answer + 8, " 200 ", 5) != 0 || length == 0 || length > 31) {
		over(one, one->length == 0 ? "the connection ended without an answer" : "the connection ended in the middle of an answer");
		return;
	}
	count(body + 4, length);
	if (took > slowest) slowest = took;
	over(one, NULL);
}

static void begin(void)
{
	struct asked *one = all;
	int yes = 1;
	while (one->fd >= 0) one++;
	*one = (struct asked){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), .port = port };
	if (one->fd < 0) fail("socket");
	one->since = now(CLOCK_REALTIME);
	one->clock = now(CLOCK_MONOTONIC);
	under_way++;
	started++;
	/* In turn: by its port the kernel's table tells of a connection, also when it is over. */
	from.sin_port = htons((unsigned short)port);
	port = port < last_port ? port + 1 : first_port;
	setsockopt(one->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = one };
	if (bind(one->fd, (struct sockaddr *)&from, sizeof from) < 0) over(one, strerror(errno));
	else if (connect(one->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) over(one, strerror(errno));
	else if (epoll_ctl(poller, EPOLL_CTL_ADD, one->fd, &event) < 0) fail("epoll");
}

static void go_on(struct asked *one)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	int error = 0;
	socklen_t length = sizeof error;
	if (!one->has_asked) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = one };
		getsockopt(one->fd, SOL_SOCKET, SO_ERROR, &error, &length);
		one->has_asked = 1;
		if (error == 0 && send(one->fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0) error = errno;
		if (error != 0) over(one, strerror(error));
		else if (epoll_ctl(poller, EPOLL_CTL_MOD, one->fd, &event) < 0) fail("epoll");
		return;
	}
	ssize_t got = recv(one->fd, one->answer + one->length, sizeof one->answer - 1 - one->length, 0);
	if (got > 0 && one->length + (size_t)got < sizeof one->answer - 1) one->length += (size_t)got;
	else if (got < 0 && errno != EAGAIN) over(one, strerror(errno));
	else if (got == 0) answered(one);
	else if (got > 0) over(one, "the answer is too long");
}

static void tally(void)
{
	printf("T %lu %.0f %.0f", started, began, slowest);
	for (int i = 0; i < most_servers && servers[i].count > 0; i++) printf(" %s=%lu", servers[i].name, servers[i].count);
	printf("\n");
}

int main(int argc, char **argv)
{
	struct epoll_event events[most_at_once], input = { .events = EPOLLIN, .data.ptr = NULL };
	double due = 0, looked, per_ms;
	int is_ending = 0;
	if (argc != 5) fail("usage: requests FROM TO PORT PER_SECOND");
	from.sin_family = to.sin_family = AF_INET;
	if (inet_pton(AF_INET, argv[1], &from.sin_addr) != 1 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) fail("address");
	to.sin_port = htons((unsigned short)atoi(argv[3]));
	per_ms = atof(argv[4]) / 1000;
	for (int i = 0; i < most_at_once; i++) all[i].fd = -1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, STDIN_FILENO, &input) < 0) fail("epoll");
	began = now(CLOCK_REALTIME);
	looked = now(CLOCK_MONOTONIC);
	while (!is_ending || under_way > 0) {
		int ready = epoll_wait(poller, events, most_at_once, 5);
		for (int i = 0; i < ready; i++) {
			char command[16];
			if (events[i].data.ptr != NULL) {
				go_on(events[i].data.ptr);
				continue;
			}
			ssize_t got = read(STDIN_FILENO, command, sizeof command);
			if (got <= 0) return 0;
			if (memchr(command, 't', (size_t)got) != NULL) tally();
			if (memchr(command, 'e', (size_t)got) != NULL) is_ending = 1;
		}
		double at = now(CLOCK_MONOTONIC);
		due += (at - looked) * per_ms;
		looked = at;
		for (; !is_ending && due >= 1 && under_way < most_at_once; due--) begin();
		/* What could not be begun in time is not made up for in a crowd. */
		if (due > most_at_once) due = most_at_once;
		for (int i = 0; i < most_at_once; i++)
			if (all[i].fd >= 0 && at - all[i].clock > longest_ms) over(&all[i], "no answer in 120 s");
	}
	tally();
	return 0;
}
