/*
 * Counts the changes that programs ask of the kernel's table by generic netlink, as an interface of the kind nlmon shows them, until
 * SIGTERM; then prints how many. Questions (dumps) and answers are no changes. Started by ../servers-guest.ts: edits INTERFACE
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/if_packet.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Commands 1 to 8 of IPVS are about services and destinations; these two of them only ask. */
enum { last_command = IPVS_CMD_GET_DEST };

static volatile sig_atomic_t stopping;

static void on_signal(int signal)
{
	(void)signal;
	stopping = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "edits: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int is_change(const struct nlmsghdr *message)
{
	const struct genlmsghdr *generic = NLMSG_DATA(message);
	unsigned command = generic->cmd;
	if (message->nlmsg_type <= GENL_ID_CTRL || !(message->nlmsg_flags & NLM_F_REQUEST)) return 0;
	if (command == IPVS_CMD_GET_SERVICE || command == IPVS_CMD_GET_DEST) return 0;
	return command >= IPVS_CMD_NEW_SERVICE && command <= last_command;
}

static unsigned changes_in(const unsigned char *bytes, size_t length)
{
	unsigned count = 0;
	const struct nlmsghdr *message = (const struct nlmsghdr *)bytes;
	for (size_t left = length; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left))
		if (message->nlmsg_len >= NLMSG_LENGTH(GENL_HDRLEN)) count += (unsigned)is_change(message);
	return count;
}

int main(int argc, char **argv)
{
	static unsigned char bytes[1 << 18] __attribute__((aligned(4)));
	int size = 16 << 20;
	unsigned count = 0, lost = 0;
	struct sockaddr_ll from = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	if (argc != 2) fail("usage: edits INTERFACE");
	from.sll_ifindex = (int)if_nametoindex(argv[1]);
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || from.sll_ifindex == 0) fail(argv[1]);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) fail("SO_RCVBUFFORCE");
	if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) fail("bind");
	struct sigaction action = { .sa_handler = on_signal };
	sigaction(SIGTERM, &action, NULL);
	fprintf(stderr, "counting\n");
	for (;;) {
		struct sockaddr_ll of;
		socklen_t of_length = sizeof of;
		ssize_t length = recvfrom(fd, bytes, sizeof bytes, stopping ? MSG_DONTWAIT : 0, (struct sockaddr *)&of, &of_length);
		if (length < 0 && stopping) break;
		if (length > 0 && ntohs(of.sll_protocol) == NETLINK_GENERIC) count += changes_in(bytes, (size_t)length);
	}
	struct tpacket_stats statistics = { 0 };
	socklen_t statistics_length = sizeof statistics;
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &statistics_length) == 0) lost = statistics.tp_drops;
	printf("%u %u\n", count, lost);
	return fflush(stdout) == 0 ? 0 : 1;
}
