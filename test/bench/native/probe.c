/*
 * The client: asks an address by ICMP echo at a fixed spacing, which node cannot hold at 1 ms, until SIGTERM. Then it prints for every
 * probe when it was sent and, by the kernel's time stamp, when it was answered (0: never), in microseconds since the epoch.
 * Started by ../prober.ts, in the namespace of the client: probe ADDRESS SPACING_MICROSECONDS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { probes_max = 1 << 20 };

struct question {
	struct icmphdr header;
	unsigned sequence;
};

static double sent[probes_max], answered[probes_max];
static unsigned count;
static volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double micros(const struct timespec *at)
{
	return (double)at->tv_sec * 1e6 + (double)at->tv_nsec / 1e3;
}

/* RFC 1071. */
static unsigned short checksum(const void *data, size_t bytes)
{
	const unsigned short *words = data;
	unsigned sum = 0;
	for (size_t i = 0; i < bytes / 2; i++) sum += words[i];
	while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
	return (unsigned short)~sum;
}

static void ask(int fd, unsigned short identifier)
{
	if (count == probes_max) return;
	struct question question = { .header = { .type = ICMP_ECHO }, .sequence = count };
	question.header.un.echo.id = identifier;
	question.header.un.echo.sequence = htons((unsigned short)count);
	question.header.checksum = checksum(&question, sizeof question);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	sent[count++] = micros(&now);
	/* An error (nobody has the address) is an unanswered probe. */
	(void)!send(fd, &question, sizeof question, MSG_DONTWAIT);
}

static void hear(int fd, unsigned short identifier)
{
	unsigned char packet[256];
	char control[128];
	for (;;) {
		struct iovec piece = { packet, sizeof packet };
		struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
		ssize_t length = recvmsg(fd, &message, MSG_DONTWAIT);
		if (length < 0 && errno == EAGAIN) return;
		unsigned header = (packet[0] & 15u) * 4;
		struct question answer;
		if (length < (ssize_t)(header + sizeof answer)) continue;
		memcpy(&answer, packet + header, sizeof answer);
		if (answer.header.type != ICMP_ECHOREPLY || answer.header.un.echo.id != identifier) continue;
		if (answer.sequence >= count || answered[answer.sequence] != 0) continue;
		struct timespec at;
		clock_gettime(CLOCK_REALTIME, &at);
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c))
			if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) memcpy(&at, CMSG_DATA(c), sizeof at);
		answered[answer.sequence] = micros(&at);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	if (argc != 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) fail("usage: probe ADDRESS MICROSECONDS");
	long spacing = atol(argv[2]);
	unsigned short identifier = (unsigned short)getpid();
	int on = 1, size = 4 << 20;
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0 || timer < 0) fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) fail("SO_TIMESTAMPNS");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) fail("SO_RCVBUFFORCE");
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) fail(argv[1]);
	struct itimerspec every = { { spacing / 1000000, spacing % 1000000 * 1000 }, { 0, 1 } };
	if (timerfd_settime(timer, 0, &every, NULL) < 0) fail("timerfd");
	struct sigaction action = { .sa_handler = on_signal };
	sigaction(SIGTERM, &action, NULL);
	fprintf(stderr, "probing\n");
	struct pollfd polled[2] = { { fd, POLLIN, 0 }, { timer, POLLIN, 0 } };
	while (!stopping) {
		unsigned long long ticks;
		poll(polled, 2, -1);
		hear(fd, identifier);
		if (read(timer, &ticks, sizeof ticks) == sizeof ticks) ask(fd, identifier);
	}
	/* What was asked last may be answered still. */
	poll(NULL, 0, 20);
	hear(fd, identifier);
	for (unsigned i = 0; i < count; i++) printf("%.1f %.1f\n", sent[i], answered[i]);
	return fflush(stdout) == 0 ? 0 : 1;
}
