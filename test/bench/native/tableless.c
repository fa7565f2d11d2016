/*
 * Lets a load balancer run on a kernel without IPVS, and counts what it would have changed: loaded into it (LD_PRELOAD), this has the
 * kernel acknowledge what is meant for IPVS without doing it. Every program then pays for its messages, and none for the kernel's table.
 * The file that TABLELESS names holds the number of changes so far and when the last was, in microseconds since the epoch.
 * Used by ../balancer.ts.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct tally {
	unsigned long long changes, last;
};

static struct tally *tally(void)
{
	static struct tally none, *shared;
	const char *path = getenv("TABLELESS");
	if (shared != NULL) return shared;
	shared = &none;
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED) shared = memory;
	if (fd >= 0) close(fd);
	return shared;
}

static void count(unsigned command)
{
	struct timespec at;
	if (command == IPVS_CMD_GET_SERVICE || command < IPVS_CMD_NEW_SERVICE || command >= IPVS_CMD_GET_DEST) return;
	clock_gettime(CLOCK_REALTIME, &at);
	__atomic_store_n(&tally()->last, (unsigned long long)at.tv_sec * 1000000 + (unsigned long long)at.tv_nsec / 1000, __ATOMIC_RELEASE);
	__atomic_add_fetch(&tally()->changes, 1, __ATOMIC_RELEASE);
}

/* A question for the number of a family of commands. IPVS gets that of the controller of families itself, which every kernel has. */
static int is_search(struct nlmsghdr *message)
{
	static const char wanted[] = "IPVS", given[] = "nlctrl";
	struct nlattr *name = (struct nlattr *)((char *)NLMSG_DATA(message) + GENL_HDRLEN);
	char *text = (char *)name + NLA_HDRLEN;
	if (message->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN) + NLA_HDRLEN + sizeof given) return 0;
	if ((name->nla_type & NLA_TYPE_MASK) != CTRL_ATTR_FAMILY_NAME) return 0;
	if (memcmp(text, wanted, sizeof wanted) != 0) return 1;
	memcpy(text, given, sizeof given);
	name->nla_len = NLA_HDRLEN + sizeof given;
	return 1;
}

/* Messages without a meaning are acknowledged by the kernel, too. */
static void disarm(void *bytes, size_t length)
{
	struct nlmsghdr *message = bytes;
	for (; NLMSG_OK(message, length); message = NLMSG_NEXT(message, length)) {
		struct genlmsghdr *generic = NLMSG_DATA(message);
		if (message->nlmsg_type != GENL_ID_CTRL || message->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN)) continue;
		if (generic->cmd == CTRL_CMD_GETFAMILY && is_search(message)) continue;
		count(generic->cmd);
		message->nlmsg_type = NLMSG_NOOP;
		message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	}
}

static int is_generic_netlink(int fd)
{
	int domain = 0, protocol = 0;
	socklen_t length = sizeof domain;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0 || domain != AF_NETLINK) return 0;
	length = sizeof protocol;
	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 && protocol == NETLINK_GENERIC;
}

/* What is sent belongs to its sender, who has no more use for it: it is changed in place. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	static ssize_t (*real)(int, const struct msghdr *, int);
	if (real == NULL) real = (ssize_t (*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
	if (message->msg_iovlen == 1 && is_generic_netlink(fd)) disarm(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
	return real(fd, message, flags);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t to_length)
{
	static ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	if (real == NULL) real = (ssize_t (*)(int, const void *, size_t, int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "sendto");
	if (to != NULL && to->sa_family == AF_NETLINK && is_generic_netlink(fd)) disarm((void *)(size_t)bytes, length);
	return real(fd, bytes, length, flags, to, to_length);
}
