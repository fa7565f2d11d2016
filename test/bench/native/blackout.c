/*
 * A host loses its power: its daemons freeze and its ports at the switch go black, both ways, within microseconds of each other and
 * without a carrier that the host could see go. Prints when it began and ended, in microseconds since the epoch.
 * Started by ../net.ts: blackout NAMESPACE PORT,PORT... PID,PID...
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ports_max = 16, pids_max = 256 };

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	struct rtattr nest;
	struct rtattr attribute;
	unsigned char state;
	unsigned char padding[3];
};

static void fail(const char *what)
{
	fprintf(stderr, "blackout: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	static struct request requests[ports_max];
	pid_t pids[pids_max];
	unsigned ports = 0, processes = 0;
	char path[256];
	if (argc != 4) fail("usage: blackout NAMESPACE PORTS PIDS");
	snprintf(path, sizeof path, "/run/netns/%s", argv[1]);
	int namespace = open(path, O_RDONLY | O_CLOEXEC);
	if (namespace < 0 || setns(namespace, CLONE_NEWNET) < 0) fail(argv[1]);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0) fail("netlink");
	for (char *port = strtok(argv[2], ","); port != NULL && ports < ports_max; port = strtok(NULL, ",")) {
		struct request *one = &requests[ports++];
		one->header = (struct nlmsghdr){ sizeof *one, RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, ports, 0 };
		one->link = (struct ifinfomsg){ .ifi_family = AF_BRIDGE, .ifi_index = (int)if_nametoindex(port) };
		one->nest = (struct rtattr){ sizeof one->nest + sizeof one->attribute + 4, IFLA_PROTINFO | NLA_F_NESTED };
		one->attribute = (struct rtattr){ sizeof one->attribute + 1, IFLA_BRPORT_STATE };
		one->state = BR_STATE_DISABLED;
		if (one->link.ifi_index == 0) fail(port);
	}
	for (char *pid = strtok(argv[3], ","); pid != NULL && processes < pids_max; pid = strtok(NULL, ",")) pids[processes++] = atoi(pid);

	double began = now();
	for (unsigned i = 0; i < processes; i++) kill(pids[i], SIGSTOP);
	if (send(fd, requests, ports * sizeof *requests, 0) < 0) fail("send");
	double ended = now();
	for (unsigned i = 0; i < ports;) {
		char buffer[8192];
		ssize_t length = recv(fd, buffer, sizeof buffer, 0);
		unsigned left = length < 0 ? 0 : (unsigned)length;
		if (left == 0) fail("recv");
		for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left), i++) {
			const struct nlmsgerr *error = NLMSG_DATA(m);
			if (m->nlmsg_type == NLMSG_ERROR && error->error != 0) { errno = -error->error; fail("a port"); }
		}
	}
	printf("%.1f %.1f\n", began, ended);
	return 0;
}
