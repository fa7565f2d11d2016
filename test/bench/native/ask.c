/*
 * The least that a checker can cost: asks servers in turn, each every two seconds, by one epoll loop, and decides nothing. What another
 * checker takes beyond that is its own. Started by ../checks.ts: ask tcp|http PORT SERVERS PERIOD_MS, until SIGTERM.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { at_once = 256 };

static int is_http;
static volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "ask: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static void ask(int poller, unsigned server, unsigned short port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f010000u + server) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event event = { .events = EPOLLOUT, .data.fd = fd };
	if (fd < 0) fail("socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) fail("connect");
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll");
}

static void request(int poller, int fd)
{
	static const char text[] = "GET /alive HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 127.0.0.1\r\n\r\n";
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	if (send(fd, text, sizeof text - 1, MSG_NOSIGNAL) < 0) fail("send");
	if (epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event) < 0) fail("epoll");
}

static void hear(int poller, struct epoll_event *event)
{
	char answer[4096];
	int fd = event->data.fd, error = 0;
	socklen_t length = sizeof error;
	if (event->events & EPOLLOUT) {
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error != 0) fail("a server does not answer");
		if (is_http) request(poller, fd);
		else close(fd);
	} else if (recv(fd, answer, sizeof answer, 0) <= 0) {
		close(fd);
	}
}

int main(int argc, char **argv)
{
	if (argc != 5) fail("usage: ask tcp|http PORT SERVERS PERIOD_MS");
	is_http = strcmp(argv[1], "http") == 0;
	unsigned short port = (unsigned short)atoi(argv[2]);
	unsigned servers = (unsigned)atoi(argv[3]);
	double spacing = atof(argv[4]) / servers;
	struct rlimit files;
	int poller = epoll_create1(EPOLL_CLOEXEC);
	if (poller < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0) fail("epoll");
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	struct sigaction action = { .sa_handler = on_signal };
	sigaction(SIGTERM, &action, NULL);
	double from = now();
	for (unsigned long long asked = 0; !stopping;) {
		struct epoll_event events[at_once];
		double wait = from + (double)asked * spacing - now();
		int ready = epoll_wait(poller, events, at_once, wait <= 0 ? 0 : (int)wait + 1);
		for (int i = 0; i < ready; i++) hear(poller, &events[i]);
		for (; from + (double)asked * spacing <= now(); asked++) ask(poller, (unsigned)(asked % servers), port);
	}
	return 0;
}
