/*
 * Many BFD neighbours in one small process, the same for every program under measurement: they answer as RFC 5880 wants, are punctual,
 * and write down what the program does, by the time stamps of the kernel. SIGUSR1: all of them die at once. Started by ../bfd-neighbours.ts, which explains the lines:
 *   neighbours FILE NAMESPACE INTERFACE FIRST COUNT ADDRESS HARDWARE-ADDRESS INTERVAL-US MULTIPLIER [DEATHS]
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "raw.h"

enum { batch = 64, snap = 96, sessions_max = 4096, frame_bytes = 66, bfd_at = 42, remembered = 8 };
enum { tick_us = 500, slow_us = 1000000, late_us = 5000, tell_us = 250000, per_net = 250 };
enum { admin_down, down, init, up };
enum { poll_bit = 0x20, final_bit = 0x10 };

struct session {
	int state, remote_state, diagnostic;
	uint32_t discriminator, remote;
	int64_t remote_min_rx_us, next_at;
	bool is_polling, is_told_up;
	/* Its own packets: when the last ones left, by this process's clock. */
	int64_t sent_at[remembered];
	unsigned sent;
	/* The program's packets, by the kernel's time stamp; and how long the machine had been asleep by then. */
	int64_t heard_at, asleep_then;
	/* Of a neighbour that dies: when it will, whether it has, its last packet by the kernel's stamp, when it returns. */
	int64_t dies_at, wire_at, returns_at;
	bool is_dead, is_noticed;
	int deaths;
	unsigned char frame[frame_bytes];
};

static struct session sessions[sessions_max];
static int count, multiplier, deaths, receiving, sending, finished;
static int64_t interval_us, asleep_us, received, sent, longest_us;
static uint32_t first_address, program_address;
static unsigned char own_hardware[6];
static volatile sig_atomic_t stopping, dying;
static struct mmsghdr queue[batch];
static struct iovec pieces[batch];
static unsigned char copies[batch][frame_bytes];
static int queued;

static void on_signal(int signal)
{
	if (signal == SIGUSR1) dying = 1;
	else stopping = 1;
}

static int64_t between(int64_t least, int64_t most) { return least + (int64_t)(drand48() * (double)(most - least)); }

/* The address of a neighbour, 250 to a /24. */
static uint32_t address_of(int i) { return first_address + (uint32_t)(i / per_net * 256 + i % per_net); }

static struct session *session_of(uint32_t address)
{
	uint32_t far = address - first_address;
	int i = (int)(far / 256 * per_net + far % 256);
	return far / 256 < 16 && far % 256 < per_net && i < count ? &sessions[i] : NULL;
}

static void flush_queue(void)
{
	int done = 0;
	while (done < queued) {
		int n = sendmmsg(sending, queue + done, (unsigned)(queued - done), 0);
		if (n < 0 && errno != EINTR) fail("sendmmsg");
		if (n > 0) done += n;
	}
	sent += queued;
	queued = 0;
}

static void speak(struct session *one, int64_t now, bool is_final)
{
	unsigned char *bfd = one->frame + bfd_at;
	bfd[0] = (unsigned char)(1 << 5 | one->diagnostic);
	bfd[1] = (unsigned char)(one->state << 6 | (is_final ? final_bit : one->is_polling ? poll_bit : 0));
	put32(bfd + 8, one->remote);
	put32(bfd + 12, one->state == up ? (uint32_t)interval_us : slow_us);
	memcpy(copies[queued], one->frame, frame_bytes);
	if (++queued == batch) flush_queue();
	one->sent_at[one->sent++ % remembered] = now;
}

/* Between 75 and 100 % of the interval (section 6.8.7). */
static void plan_next(struct session *one, int64_t now)
{
	int64_t interval = one->state == up ? interval_us : slow_us;
	if (one->remote_min_rx_us > interval) interval = one->remote_min_rx_us;
	one->next_at = now + between(interval * 3 / 4, interval - tick_us);
}

static void say(struct session *one, int64_t now)
{
	speak(one, now, false);
	plan_next(one, now);
}

/* The time after which the program must give this neighbour up, and this neighbour the program (section 6.8.4): timers are equal. */
static int64_t detection_us(const struct session *one)
{
	return multiplier * (one->remote_min_rx_us > interval_us ? one->remote_min_rx_us : interval_us);
}

/* The longest silence of this neighbour before `at`, of those that are remembered. */
static int64_t own_silence(const struct session *one, int64_t at)
{
	int64_t longest = 0, later = at;
	for (unsigned i = 0; i < remembered && i < one->sent; i++) {
		int64_t then = one->sent_at[(one->sent - 1 - i) % remembered];
		if (later - then > longest) longest = later - then;
		later = then;
	}
	return longest;
}

static void become(struct session *one, int state, int diagnostic, int64_t now)
{
	one->state = state;
	one->diagnostic = diagnostic;
	one->is_polling = state == up;
	one->is_told_up = false;
	say(one, now);
}

/* The program was silent for too long. */
static void give_up(struct session *one, int64_t silence, int64_t now)
{
	if (one->is_told_up) printf("L %lld %d %lld\n", (long long)now, (int)(one - sessions), (long long)silence);
	become(one, down, 1, now);
}

static void hear_state(struct session *one, const unsigned char *bfd, int64_t at, int64_t now)
{
	int state = bfd[1] >> 6, diagnostic = bfd[0] & 31;
	if (one->state == up && state <= down && one->remote_state == up && diagnostic != 3) {
		/* A neighbour that was itself too late is rightly given up. */
		bool is_own_fault = own_silence(one, at) >= detection_us(one) - tick_us;
		printf("%c %lld %d %d\n", is_own_fault ? 'V' : 'F', (long long)at, (int)(one - sessions), diagnostic);
	}
	one->remote_state = state;
	if (state == admin_down && one->state != down) become(one, down, 3, now);
	else if (one->state == down && state == down) become(one, init, 0, now);
	else if (one->state == down && state == init) become(one, up, 0, now);
	else if (one->state == init && state >= init) become(one, up, 0, now);
	else if (one->state == up && state == down) become(one, down, 3, now);
	if (one->state == up && state == up && !one->is_told_up && !one->is_polling) {
		one->is_told_up = true;
		one->dies_at = now + between(250000, 500000) + 4 * interval_us;
		printf("U %lld %d\n", (long long)at, (int)(one - sessions));
	}
}

/* The program has given up a neighbour that is dead: this is what is measured. */
static void hear_verdict(struct session *one, const unsigned char *bfd, int64_t at, int64_t now)
{
	int state = bfd[1] >> 6;
	if (one->is_noticed || state == up) return;
	one->is_noticed = true;
	one->returns_at = dying ? INT64_MAX : now + between(20000, 60000);
	printf("D %lld %d %lld %lld %d\n", (long long)at, (int)(one - sessions), (long long)one->wire_at, (long long)detection_us(one), bfd[0] & 31);
}

static void hear(struct session *one, const unsigned char *bfd, int64_t at, int64_t now)
{
	int64_t silence = at - one->heard_at - (asleep_us - one->asleep_then);
	uint32_t your = get32(bfd + 8);
	if (your != 0 && your != one->discriminator) return;
	received++;
	if (one->is_dead) return hear_verdict(one, bfd, at, now);
	if (one->state == up && one->heard_at != 0 && one->is_told_up) {
		if (silence > longest_us) longest_us = silence;
		if (silence > detection_us(one)) give_up(one, silence, now);
	}
	one->heard_at = at;
	one->asleep_then = asleep_us;
	one->remote = get32(bfd + 4);
	if (get32(bfd + 16) != one->remote_min_rx_us) {
		one->remote_min_rx_us = get32(bfd + 16);
		/* What the program can take now counts now: FRR asks for a second while it is not Up. */
		int64_t planned = one->next_at;
		plan_next(one, now);
		if (planned < one->next_at) one->next_at = planned;
	}
	if ((bfd[1] & final_bit) != 0) one->is_polling = false;
	hear_state(one, bfd, at, now);
	if ((bfd[1] & poll_bit) != 0) speak(one, now, true);
}

static void take_frame(const unsigned char *frame, unsigned length, int type, int64_t at, int64_t now)
{
	struct session *one;
	if (length < frame_bytes) return;
	if (type == PACKET_OUTGOING) {
		if ((one = session_of(get32(frame + 26))) != NULL) one->wire_at = at;
	} else if ((one = session_of(get32(frame + 30))) != NULL && get32(frame + 26) == program_address) {
		hear(one, frame + bfd_at, at, now);
	}
}

static bool listen_once(int64_t now)
{
	static unsigned char frames[batch][snap];
	static char controls[batch][128];
	static struct sockaddr_ll names[batch];
	struct mmsghdr messages[batch];
	struct iovec bytes[batch];
	int n;
	for (int i = 0; i < batch; i++) {
		bytes[i] = (struct iovec){ frames[i], snap };
		messages[i].msg_hdr = (struct msghdr){ &names[i], sizeof names[i], &bytes[i], 1, controls[i], sizeof controls[i], 0 };
	}
	n = recvmmsg(receiving, messages, batch, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct timespec at = { 0, 0 };
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&messages[i].msg_hdr); c != NULL; c = CMSG_NXTHDR(&messages[i].msg_hdr, c))
			if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) memcpy(&at, CMSG_DATA(c), sizeof at);
		take_frame(frames[i], messages[i].msg_len, names[i].sll_pkttype, micros(&at), now);
	}
	return n == batch;
}

/* What is due: its packet, its death, its return, its verdict on the program. */
static void serve(struct session *one, int64_t now)
{
	if (dying && !one->is_dead) {
		one->is_dead = true;
		one->wire_at = one->sent_at[(one->sent - 1) % remembered];
	}
	if (one->is_dead) {
		if (!one->is_noticed || now < one->returns_at) return;
		one->is_dead = one->is_noticed = false;
		one->remote = 0;
		one->heard_at = 0;
		if (++one->deaths == deaths) finished++;
		one->remote_state = down;
		become(one, down, 0, now);
		return;
	}
	if (one->state == up && one->is_told_up && one->deaths < deaths && now >= one->dies_at) {
		one->is_dead = true;
		return;
	}
	if (now < one->next_at) return;
	int64_t silence = now - one->heard_at - (asleep_us - one->asleep_then), most = one->is_told_up ? detection_us(one) : 4 * slow_us;
	if (one->state >= init && one->heard_at != 0 && silence > most) give_up(one, silence, now);
	else say(one, now);
}

static void make_frame(struct session *one, int i, const unsigned char *to)
{
	static const unsigned char headers[28] = { 0x45, 0xc0, 0, 52, 0, 0, 0x40, 0, 255, 17 };
	unsigned char *ip = one->frame + 14, *udp = ip + 20, *bfd = one->frame + bfd_at;
	uint32_t sum = 0;
	uint16_t ports[3] = { htons((uint16_t)(49152 + i)), htons(3784), htons(32) };
	memcpy(one->frame, to, 6);
	memcpy(one->frame + 6, own_hardware, 6);
	one->frame[12] = 8;
	memcpy(ip, headers, sizeof headers);
	put32(ip + 12, address_of(i));
	put32(ip + 16, program_address);
	for (int k = 0; k < 20; k += 2) sum += (uint32_t)(ip[k] << 8 | ip[k + 1]);
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[10] = (unsigned char)(sum >> 8);
	ip[11] = (unsigned char)sum;
	memcpy(udp, ports, sizeof ports);
	bfd[2] = (unsigned char)multiplier;
	bfd[3] = 24;
	one->discriminator = (uint32_t)between(1, 0xffff) << 16 | (uint32_t)i;
	put32(bfd + 4, one->discriminator);
	put32(bfd + 16, (uint32_t)interval_us);
}

/* UDP over IPv4 to port 3784 that comes in; of those that go out the time stamps are wanted where neighbours die. */
static void open_sockets(const char *interface)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE) },
		{ BPF_JMP | BPF_JEQ | BPF_K, deaths > 0 ? 0 : 5, 0, PACKET_OUTGOING },
		{ BPF_LD | BPF_B | BPF_ABS, 0, 0, 23 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 3, IPPROTO_UDP },
		{ BPF_LD | BPF_H | BPF_ABS, 0, 0, 36 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 3784 },
		{ BPF_RET | BPF_K, 0, 0, snap },
		{ BPF_RET | BPF_K, 0, 0, 0 },
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface) };
	socklen_t length = sizeof at;
	int on = 1, size = 32 << 20;
	sending = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (sending < 0 || at.sll_ifindex == 0 || bind(sending, (struct sockaddr *)&at, sizeof at) < 0) fail(interface);
	if (getsockname(sending, (struct sockaddr *)&at, &length) < 0) fail("getsockname");
	memcpy(own_hardware, at.sll_addr, sizeof own_hardware);
	at.sll_protocol = htons(deaths > 0 ? ETH_P_ALL : ETH_P_IP);
	receiving = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (receiving < 0 || setsockopt(receiving, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) fail("SO_ATTACH_FILTER");
	if (setsockopt(receiving, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) fail("SO_TIMESTAMPNS");
	if (setsockopt(receiving, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) fail("SO_RCVBUFFORCE");
	if (bind(receiving, (struct sockaddr *)&at, sizeof at) < 0) fail(interface);
}

/* Sums, in intervals that are read from the outside: up, received, sent, the longest silence of the program, sleep of the machine. */
static void tell(int64_t now)
{
	int ups = 0;
	for (int i = 0; i < count; i++) ups += sessions[i].is_told_up;
	printf("T %lld %d %lld %lld %lld %lld\n", (long long)now, ups, (long long)received, (long long)sent, (long long)longest_us, (long long)asleep_us);
	longest_us = 0;
	fflush(stdout);
}

static void run(void)
{
	struct timespec at;
	int64_t told_at = 0;
	clock_gettime(CLOCK_MONOTONIC, &at);
	while (!stopping && (deaths == 0 || finished < count)) {
		int64_t late = next_tick(&at, tick_us), now = clock_us(CLOCK_REALTIME);
		/* This process has real-time priority: when it is late, the machine was. */
		if (late > late_us) asleep_us += late;
		while (listen_once(now));
		for (int i = 0; i < count; i++) serve(&sessions[i], now);
		flush_queue();
		if (now - told_at < tell_us) continue;
		told_at = now;
		tell(now);
	}
	tell(clock_us(CLOCK_REALTIME));
}

int main(int argc, char **argv)
{
	struct sched_param priority = { .sched_priority = 60 };
	struct sigaction action = { .sa_handler = on_signal };
	unsigned char mac[6];
	if (argc < 10 || freopen(argv[1], "w", stdout) == NULL) fail("usage");
	enter(argv[2]);
	first_address = ntohl(inet_addr(argv[4]));
	count = atoi(argv[5]);
	program_address = ntohl(inet_addr(argv[6]));
	interval_us = atoll(argv[8]);
	multiplier = atoi(argv[9]);
	deaths = argc > 10 ? atoi(argv[10]) : 0;
	if (count < 1 || count > sessions_max || sscanf(argv[7], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) != 6) fail("usage");
	srand48(clock_us(CLOCK_REALTIME));
	open_sockets(argv[3]);
	int64_t now = clock_us(CLOCK_REALTIME);
	for (int i = 0; i < count; i++) {
		struct session *one = &sessions[i];
		*one = (struct session){ .state = down, .remote_state = down, .next_at = now + between(0, slow_us) };
		make_frame(one, i, mac);
	}
	for (int i = 0; i < batch; i++) {
		pieces[i] = (struct iovec){ copies[i], frame_bytes };
		queue[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0) fail("mlockall");
	prctl(PR_SET_TIMERSLACK, 1UL, 0, 0, 0);
	if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0) fail("SCHED_FIFO");
	fprintf(stderr, "speaking\n");
	run();
	return fflush(stdout) == 0 ? 0 : 1;
}
