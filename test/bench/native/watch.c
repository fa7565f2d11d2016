/*
 * Writes a line for every advert and gratuitous ARP that enters ports of the switch, by the time stamp of the kernel, and for every
 * IPv4 address that a host gains or loses. One process watches all, so that it costs little. Started by ../watch.ts:
 *   watch FILE packets NAMESPACE PORT... addresses NAMESPACE ...
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <sched.h>

enum { sources_max = 64, batch = 64, snap = 128, buffer_bytes = 32 << 20 };

struct source {
	int fd;
	/* A port of the switch, or the namespace whose addresses these are. */
	const char *name;
	int is_packets;
};

static struct source sources[sources_max];
static int source_count;
static volatile sig_atomic_t stopping;

static void fail(const char *what)
{
	fprintf(stderr, "watch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

static void enter(const char *namespace)
{
	char path[256];
	snprintf(path, sizeof path, "/run/netns/%s", namespace);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0) fail(namespace);
	close(fd);
}

static void add(int fd, const char *name, int is_packets)
{
	int size = buffer_bytes;
	if (source_count == sources_max) { errno = E2BIG; fail(name); }
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) fail("SO_RCVBUFFORCE");
	sources[source_count++] = (struct source){ fd, name, is_packets };
}

/* What enters the port: adverts over IPv4, and ARP. The kernel drops the rest, so that the clients' probes cost nothing here. */
static void watch_port(const char *port)
{
	static struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 6, 0, PACKET_OUTGOING },
		{ BPF_LD | BPF_H | BPF_ABS, 0, 0, 12 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 3, 0, ETH_P_ARP },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 3, ETH_P_IP },
		{ BPF_LD | BPF_B | BPF_ABS, 0, 0, 23 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 112 },
		{ BPF_RET | BPF_K, 0, 0, snap },
		{ BPF_RET | BPF_K, 0, 0, 0 },
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(port) };
	int on = 1;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0 || at.sll_ifindex == 0) fail(port);
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) fail("SO_ATTACH_FILTER");
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) fail("SO_TIMESTAMPNS");
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0) fail(port);
	add(fd, port, 1);
}

static void watch_addresses(const char *namespace)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0) fail("netlink");
	add(fd, namespace, 0);
}

/* Times are microseconds since the epoch. */
static double micros(const struct timespec *at)
{
	return (double)at->tv_sec * 1e6 + (double)at->tv_nsec / 1e3;
}

static void tell_frame(const char *port, const struct timespec *at, const unsigned char *frame, unsigned length)
{
	char text[INET_ADDRSTRLEN];
	const unsigned char *ip = frame + 14;
	if (length < 42) return;
	if (frame[12] == 8 && frame[13] == 6) {
		if (memcmp(ip + 14, ip + 24, 4) != 0) return; /* asks for another one's address */
		printf("G %.2f %s %s\n", micros(at), port, inet_ntop(AF_INET, ip + 14, text, sizeof text));
		return;
	}
	const unsigned char *vrrp = ip + (ip[0] & 15) * 4;
	printf("A %.2f %s %s %u %u\n", micros(at), port, inet_ntop(AF_INET, ip + 12, text, sizeof text), vrrp[1], vrrp[2]);
}

static int read_packets(const struct source *from)
{
	static unsigned char frames[batch][snap];
	static char controls[batch][128];
	struct mmsghdr messages[batch];
	struct iovec pieces[batch];
	for (int i = 0; i < batch; i++) {
		pieces[i] = (struct iovec){ frames[i], snap };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1, .msg_control = controls[i], .msg_controllen = sizeof controls[i] };
	}
	int count = recvmmsg(from->fd, messages, batch, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++) {
		struct timespec at = { 0, 0 };
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&messages[i].msg_hdr); c != NULL; c = CMSG_NXTHDR(&messages[i].msg_hdr, c))
			if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) memcpy(&at, CMSG_DATA(c), sizeof at);
		tell_frame(from->name, &at, frames[i], messages[i].msg_len);
	}
	return count == batch;
}

/* Netlink carries no time stamps: the time is when this process read the message. */
static int read_addresses(const struct source *from)
{
	static char buffer[1 << 16] __attribute__((aligned(8)));
	ssize_t length = recv(from->fd, buffer, sizeof buffer, MSG_DONTWAIT);
	if (length < 0 && errno == ENOBUFS) printf("! %s lost address messages\n", from->name);
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	unsigned left = length < 0 ? 0 : (unsigned)length;
	for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
		if (m->nlmsg_type != RTM_NEWADDR && m->nlmsg_type != RTM_DELADDR) continue;
		struct ifaddrmsg *body = NLMSG_DATA(m);
		int rest = (int)IFA_PAYLOAD(m);
		for (struct rtattr *a = IFA_RTA(body); RTA_OK(a, rest); a = RTA_NEXT(a, rest)) {
			char text[INET_ADDRSTRLEN];
			if (a->rta_type != IFA_LOCAL) continue;
			const char *address = inet_ntop(AF_INET, RTA_DATA(a), text, sizeof text);
			printf("%c %.2f %s %s\n", m->nlmsg_type == RTM_NEWADDR ? '+' : '-', micros(&now), from->name, address);
		}
	}
	return length > 0;
}

int main(int argc, char **argv)
{
	if (argc < 4 || freopen(argv[1], "w", stdout) == NULL) fail("usage: watch FILE packets NAMESPACE PORT... addresses NAMESPACE");
	setvbuf(stdout, NULL, _IOFBF, 1 << 18);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "addresses") == 0) { enter(argv[++i]); watch_addresses(argv[i]); }
		else if (strcmp(argv[i], "packets") == 0) enter(argv[++i]);
		else watch_port(argv[i]);
	}
	struct sigaction action = { .sa_handler = on_signal };
	sigaction(SIGTERM, &action, NULL);
	fprintf(stderr, "watching\n");
	struct pollfd polled[sources_max];
	for (int i = 0; i < source_count; i++) polled[i] = (struct pollfd){ sources[i].fd, POLLIN, 0 };
	struct timespec flushed = { 0, 0 };
	for (int last = 0; !last;) {
		last = stopping;
		poll(polled, (nfds_t)source_count, last ? 0 : 20);
		for (int i = 0; i < source_count; i++)
			while (sources[i].is_packets ? read_packets(&sources[i]) : read_addresses(&sources[i]));
		struct timespec now;
		clock_gettime(CLOCK_REALTIME, &now);
		if (micros(&now) - micros(&flushed) > 20e3) { fflush(stdout); flushed = now; }
	}
	for (int i = 0; i < source_count; i++) {
		struct tpacket_stats stats;
		socklen_t size = sizeof stats;
		if (!sources[i].is_packets || getsockopt(sources[i].fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) < 0) continue;
		if (stats.tp_drops > 0) printf("! %s lost %u packets\n", sources[i].name, stats.tp_drops);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
