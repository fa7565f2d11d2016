/*
 * The real servers, 127.1.0.0 and so many behind it: one listener for all of them, which answers as fast as it can. It says so when each
 * has been asked once. On SIGTERM it prints for each connection the number of the server and when it was accepted, in microseconds since
 * the epoch. Started by ../real-servers.ts: answer tcp|http PORT SERVERS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { visits_max = 1 << 22, servers_max = 1 << 16, at_once = 256 };

struct visit {
	unsigned server;
	double at;
};

static struct visit *visits;
static unsigned count, servers, known;
static char is_known[servers_max];
static int is_http;
static volatile sig_atomic_t stopping;

static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nalive\n";

static void on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "answer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static void note(const struct sockaddr_in *own, double at)
{
	unsigned server = ntohl(own->sin_addr.s_addr) - 0x7f010000u;
	if (server >= servers || count == visits_max) return;
	visits[count++] = (struct visit){ server, at };
	if (is_known[server]) return;
	is_known[server] = 1;
	if (++known == servers) fprintf(stderr, "all asked\n");
}

static void welcome(int listener, int poller)
{
	for (;;) {
		struct sockaddr_in own;
		socklen_t length = sizeof own;
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) return;
		double at = now();
		if (getsockname(fd, (struct sockaddr *)&own, &length) == 0) note(&own, at);
		struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.fd = fd };
		if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) close(fd);
	}
}

/* A request comes in one piece on loopback. */
static void serve(int fd)
{
	char request[2048];
	ssize_t length = recv(fd, request, sizeof request, 0);
	if (length < 0 && errno == EAGAIN) return;
	if (length > 0 && is_http) (void)!send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 4 || atoi(argv[3]) > servers_max) fail("usage: answer tcp|http PORT SERVERS");
	servers = (unsigned)atoi(argv[3]);
	is_http = strcmp(argv[1], "http") == 0;
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2])) };
	struct rlimit files;
	int on = 1;
	visits = calloc(visits_max, sizeof *visits);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int poller = epoll_create1(EPOLL_CLOEXEC);
	if (visits == NULL || listener < 0 || poller < 0) fail("socket");
	if (getrlimit(RLIMIT_NOFILE, &files) < 0) fail("RLIMIT_NOFILE");
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) fail("SO_REUSEADDR");
	if (bind(listener, (struct sockaddr *)&any, sizeof any) < 0 || listen(listener, 65535) < 0) fail("bind");
	struct epoll_event event = { .events = EPOLLIN, .data.fd = listener };
	if (epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) < 0) fail("epoll");
	struct sigaction action = { .sa_handler = on_signal };
	sigaction(SIGTERM, &action, NULL);
	fprintf(stderr, "answering\n");
	while (!stopping) {
		struct epoll_event events[at_once];
		int ready = epoll_wait(poller, events, at_once, -1);
		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd == listener) welcome(listener, poller);
			else serve(events[i].data.fd);
		}
	}
	for (unsigned i = 0; i < count; i++) printf("%u %.0f\n", visits[i].server, visits[i].at);
	return fflush(stdout) == 0 ? 0 : 1;
}
