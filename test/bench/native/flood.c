/*
 * Sends given frames as fast as it is told to, in turns: a flood. Says at the end how many were sent and in how many microseconds.
 * Frames come by standard input, one in hexadecimal a line. Started by tests: flood NAMESPACE INTERFACE FRAMES-PER-SECOND SECONDS
 */
#define _GNU_SOURCE
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "raw.h"

enum { frames_max = 4096, frame_max = 256, batch = 64, tick_us = 1000 };

static unsigned char frames[frames_max][frame_max];
static struct iovec pieces[frames_max];

static int read_frames(void)
{
	static char line[2 * frame_max + 2];
	int count = 0;
	while (count < frames_max && fgets(line, sizeof line, stdin) != NULL) {
		size_t length = strcspn(line, "\n") / 2;
		for (size_t i = 0; i < length; i++)
			if (sscanf(line + 2 * i, "%2hhx", &frames[count][i]) != 1) fail("a frame is not hexadecimal");
		pieces[count] = (struct iovec){ frames[count], length };
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	static struct mmsghdr messages[batch];
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	struct timespec at;
	if (argc != 5) fail("usage: flood NAMESPACE INTERFACE FRAMES-PER-SECOND SECONDS");
	enter(argv[1]);
	int64_t rate = atoll(argv[3]), duration = atoll(argv[4]) * 1000000, sent = 0;
	int count = read_frames(), next = 0, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	to.sll_ifindex = (int)if_nametoindex(argv[2]);
	if (fd < 0 || to.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0) fail(argv[2]);
	if (count == 0) fail("no frames");
	clock_gettime(CLOCK_MONOTONIC, &at);
	int64_t began = micros(&at), now = began;
	while (now - began < duration) {
		(void)next_tick(&at, tick_us);
		now = clock_us(CLOCK_MONOTONIC);
		/* What this tick could not send is not made up for later: that would be a burst. */
		int64_t most = rate * tick_us / 1000000;
		for (int64_t due = most; due > 0;) {
			int wanted = due < batch ? (int)due : batch;
			for (int i = 0; i < wanted; i++, next = (next + 1) % count)
				messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[next], .msg_iovlen = 1 };
			int n = sendmmsg(fd, messages, (unsigned)wanted, 0);
			if (n < 0 && errno != ENOBUFS && errno != EINTR) fail("sendmmsg");
			sent += n > 0 ? n : 0;
			due -= wanted;
		}
	}
	printf("%lld %lld\n", (long long)sent, (long long)(clock_us(CLOCK_MONOTONIC) - began));
	return 0;
}
