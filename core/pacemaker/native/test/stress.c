/*
 * Two threads at full speed: the user makes, changes, closes and reads at random, the pacemaker and its hands work on loopback,
 * in a network namespace of their own. For the thread sanitizer, and for the address sanitizer's search for leaks. Run by
 * scripts/test-native.sh: stress [seconds] [seed].
 */
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../interface.h"
#include "../user.h"

#define LOOPBACK 1
#define LINES 4
#define CHILDREN 40
#define PORT 47840
#define ETHER_TYPE 0x88ba
#define PROTOCOL 252
/* Of write_request, a multiple of 4. */
#define REQUEST_SIZE 32

static uint64_t state;

static uint64_t draw(uint64_t limit) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (z ^ z >> 31) % limit;
}

static void fail(const char *what) {
  fprintf(stderr, "stress: %s\n", what);
  abort();
}

/* A line and what is on it, as the user knows it. */
struct place {
  struct pm_line *line;
  struct pm_beacon *beacons[CHILDREN];
  struct pm_watch *watches[CHILDREN];
  uint32_t generations[CHILDREN];
};

static struct place places[LINES];
static struct pm_pacer *pacer;
static uint32_t last_id;
static uint64_t mails[4], records[4], deeds;

/* Gives up the handle's share, as a garbage collector would. */
static void let_go(struct pm_object *object) {
  bool must_flush;
  if (!pm_close(object, &must_flush)) fail("cannot close");
  pm_disown(object);
}

static void give(struct pm_command *command) {
  if (command == NULL) fail("no memory");
  if (pm_give(pacer, command) && draw(4) == 0) pm_flush(pacer);
}

static void open_line(struct place *place, size_t number) {
  static const uint8_t group[4] = {224, 0, 0, 18};
  struct pm_udp_place udp = {.family = AF_INET, .interface_index = LOOPBACK, .port = (uint16_t)(PORT + number), .hop_limit = 255};
  struct pm_key_place key = {.offset = number == 2 ? 14 : 0, .length = draw(4) == 0 ? 0 : 1};
  enum pm_transport transport = number == 0 ? PM_IP : number == 2 ? PM_FRAMES : PM_UDP;
  struct pm_opened receive, send;
  if (transport == PM_UDP) pm_await_closed_lines(pacer);
  if (transport == PM_IP) {
    receive = pm_open_raw_receiver(AF_INET, PROTOCOL, LOOPBACK, PM_SOCKET_BUFFER);
    send = pm_open_raw_sender(AF_INET, LOOPBACK);
  } else {
    receive = send = transport == PM_UDP ? pm_open_udp(&udp) : pm_open_frames(LOOPBACK, ETHER_TYPE, true, NULL, 0);
  }
  if (receive.error != 0 || send.error != 0) fail(receive.error != 0 ? receive.call : send.call);
  place->line = pm_line_new(pacer, ++last_id, transport, AF_INET, LOOPBACK, key);
  if (place->line == NULL) fail("no memory");
  place->line->receive_fd = receive.fd;
  place->line->send_fd = send.fd;
  place->line->ether_type = ETHER_TYPE;
  give(pm_command_new(PM_DO_OPEN, &place->line->object));
  if (transport == PM_IP) (void)pm_set_membership(receive.fd, AF_INET, LOOPBACK, 1, group);
}

/* One packet of the line's kind; few differ, so that many are expected. */
static size_t write_packet(const struct pm_line *line, uint8_t *bytes) {
  static const uint8_t header[20] = {0x45, 0, 0, 30, 0, 0, 0, 0, 255, PROTOCOL, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1};
  memset(bytes, 0, 64);
  if (line->transport == PM_IP) memcpy(bytes, header, sizeof header);
  if (line->transport == PM_FRAMES) bytes[12] = ETHER_TYPE >> 8, bytes[13] = ETHER_TYPE & 255;
  bytes[line->transport == PM_IP ? 20 : line->transport == PM_FRAMES ? 14 : 0] = (uint8_t)draw(4);
  return line->transport == PM_FRAMES ? 60 : 30;
}

static struct pm_outgoing_list *packets_for(const struct pm_line *line) {
  static const uint8_t destination[4] = {127, 0, 0, 1};
  size_t count = 1 + draw(3);
  struct pm_outgoing_list *list = pm_outgoing_new(count, count * 64);
  uint8_t *bytes;
  if (list == NULL) fail("no memory");
  bytes = (uint8_t *)&list->items[count];
  for (size_t i = 0; i < count; i++, bytes += 64) {
    list->items[i].bytes = (struct iovec){.iov_base = bytes, .iov_len = write_packet(line, bytes)};
    pm_outgoing_address(line, &list->items[i], destination, (uint16_t)(PORT + 1 + draw(2) * 2));
  }
  return list;
}

static struct pm_beacon *open_beacon(struct pm_line *line) {
  struct pm_beacon *beacon = pm_beacon_new(line, ++last_id);
  if (beacon == NULL) fail("no memory");
  beacon->packets = packets_for(line);
  beacon->interval_us = 1000 + (int64_t)draw(20000);
  beacon->jitter_least = draw(2) == 0 ? 1 : 0.5;
  beacon->first_at = beacon->asked_next_at = pm_clock() + (int64_t)draw(5000);
  beacon->tells_turns = draw(4) == 0;
  if (draw(4) == 0) beacon->latest_us = (int64_t)draw(20000);
  if (draw(3) == 0) {
    beacon->lease_us = (int64_t)draw(50000);
    beacon->last = packets_for(line);
  }
  give(pm_command_new(PM_DO_OPEN, &beacon->object));
  return beacon;
}

static void set_beacon(struct pm_beacon *beacon) {
  struct pm_command *command = pm_command_new(PM_DO_SET, &beacon->object);
  if (command == NULL) fail("no memory");
  if (draw(2) == 0) command->packets = packets_for(beacon->line);
  if (draw(2) == 0) command->interval_us = 1000 + (int64_t)draw(20000);
  if (draw(4) == 0) command->next_at = pm_clock() + (int64_t)draw(10000);
  beacon->changes++;
  beacon->asked_next_at = command->next_at;
  give(command);
}

static struct pm_watch *open_watch(struct pm_line *line) {
  static const uint8_t rule[10] = {0, 0, 0, 0, 0, 0, 0, 1, 0, 0};
  struct pm_watch *watch = pm_watch_new(line, ++last_id);
  uint8_t *rules = malloc(sizeof rule);
  if (watch == NULL || rules == NULL) fail("no memory");
  memcpy(rules, rule, sizeof rule);
  watch->filter.rules = rules;
  watch->filter.rules_length = sizeof rule;
  watch->has_key = line->key.length != 0 && draw(4) != 0;
  watch->key = (uint32_t)draw(4);
  /* Half of them are deaf, or there would be little silence. */
  if (draw(2) == 0) watch->filter.hop_limit_least = INT32_MAX;
  if (line->transport == PM_UDP && draw(4) == 0) watch->returns.every_us = 10000, watch->returns.burst = 1 + (int64_t)draw(4);
  give(pm_command_new(PM_DO_OPEN, &watch->object));
  return watch;
}

static void arm_watch(struct pm_watch *watch, uint32_t generation) {
  struct pm_command *command = pm_command_new(PM_DO_ARM, &watch->object);
  struct pm_received packet = {.source = {127, 0, 0, 1}, .destination = {127, 0, 0, 1}, .address_length = 4};
  uint8_t bytes[64];
  size_t head = watch->line->transport == PM_IP ? 20 : 0;
  if (command == NULL) fail("no memory");
  command->terms = (struct pm_terms){.deadline = draw(4) == 0 ? PM_NEVER : pm_clock() + (int64_t)draw(30000),
                                     .rearm_us = draw(4) == 0 ? -1 : (int64_t)draw(30000),
                                     .warn_us = draw(4) == 0 ? -1 : (int64_t)draw(10000),
                                     .is_rearmed_by_any = draw(4) == 0};
  packet.payload = bytes + head;
  packet.payload_length = write_packet(watch->line, bytes) - head;
  packet.hop_limit = watch->line->transport == PM_FRAMES ? 0 : 255;
  packet.source_port = watch->line->transport == PM_UDP ? (uint16_t)(PORT + 1) : 0;
  if (watch->line->transport == PM_FRAMES) packet.address_length = 0;
  if (draw(4) != 0) command->terms.expected = pm_expected_new(&packet);
  if (!pm_prepare_arm(watch, command, generation)) fail("no memory");
  give(command);
}

/* Removes an address that is not there: harmless, and takes the kernel's lock. */
static void write_request(uint8_t *bytes) {
  struct {
    struct nlmsghdr head;
    struct ifaddrmsg address;
    struct rtattr attribute;
    uint8_t local[4];
  } request = {.head = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_DELADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
               .address = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = LOOPBACK},
               .attribute = {.rta_len = RTA_LENGTH(4), .rta_type = IFA_LOCAL},
               .local = {192, 0, 2, 77}};
  memcpy(bytes, &request, REQUEST_SIZE);
}

static struct pm_deeds *deeds_for(void) {
  size_t requests = draw(3), frames = draw(3);
  struct pm_deeds *list = pm_deeds_new(frames, requests * REQUEST_SIZE + frames * 60);
  uint8_t *place;
  if (list == NULL) fail("no memory");
  place = (uint8_t *)&list->frames[frames];
  list->requests = place;
  list->requests_length = requests * REQUEST_SIZE;
  for (; requests > 0; requests--, place += REQUEST_SIZE) write_request(place);
  for (size_t i = 0; i < frames; i++, place += 60) {
    place[12] = ETHER_TYPE >> 8;
    place[13] = ETHER_TYPE & 255;
    list->frames[i] = (struct pm_deed_frame){
        .interface_index = LOOPBACK, .ether_type = ETHER_TYPE, .bytes = place, .length = 60};
  }
  return list;
}

static void foresee(struct pm_watch *watch) {
  struct pm_command *command = pm_command_new(PM_DO_FORESEE, &watch->object);
  if (command == NULL) fail("no memory");
  command->packets = packets_for(watch->line);
  if (draw(4) != 0) command->deeds = deeds_for();
  if (draw(2) == 0) {
    command->repeat_us = 1000 + (int64_t)draw(5000);
    command->repeat_for_us = (int64_t)draw(50000);
  }
  give(command);
}

/* Mostly as of this moment; the packets that it knows of are anybody's guess. */
static void consent(struct pm_watch *watch, uint32_t generation) {
  struct pm_command *command = pm_command_new(PM_DO_CONSENT, &watch->object);
  if (command == NULL) fail("no memory");
  command->terms.generation = draw(8) == 0 ? generation + 1 : generation;
  command->packets_read = (uint32_t)draw(2);
  command->consumed = atomic_load_explicit(&watch->consumed, memory_order_relaxed);
  give(command);
}

/* A beacon of any line, mostly; of packets, it has read as many as anybody's guess. */
static void turn_at_silence(struct pm_watch *watch) {
  struct pm_command *command = pm_command_new(PM_DO_TURN, &watch->object);
  struct pm_beacon *beacon = places[draw(LINES)].beacons[draw(CHILDREN)];
  if (command == NULL) fail("no memory");
  command->interval_us = 1000 + (int64_t)draw(20000);
  command->packets_read = (uint32_t)draw(2);
  if (beacon != NULL) {
    command->beacon = beacon;
    command->packets = packets_for(beacon->line);
  }
  give(command);
}

static void tell_read(struct pm_watch *watch) {
  struct pm_command *command = pm_command_new(PM_DO_READ, &watch->object);
  if (command == NULL) fail("no memory");
  command->packets_read = (uint32_t)draw(3);
  give(command);
}

static void close_line(struct place *place) {
  let_go(&place->line->object);
  for (int i = 0; i < CHILDREN; i++) {
    if (place->beacons[i] != NULL) let_go(&place->beacons[i]->object);
    if (place->watches[i] != NULL) let_go(&place->watches[i]->object);
  }
  memset(place, 0, sizeof *place);
}

static void send_now(struct pm_line *line) {
  struct pm_command *command = pm_command_new(PM_DO_SEND, &line->object);
  if (command == NULL) fail("no memory");
  command->packets = packets_for(line);
  give(command);
}

static void change_beacon(struct place *place, struct pm_beacon **beacon) {
  if (*beacon == NULL) {
    *beacon = open_beacon(place->line);
  } else if (draw(6) == 0) {
    let_go(&(*beacon)->object);
    *beacon = NULL;
  } else {
    set_beacon(*beacon);
    if (pm_beacon_next_at(*beacon) < 0) fail("a turn before time began");
  }
}

static void change_watch(struct place *place, struct pm_watch **watch, uint32_t *generation) {
  if (*watch == NULL) {
    *watch = open_watch(place->line);
  } else if (draw(6) == 0) {
    let_go(&(*watch)->object);
    *watch = NULL;
  } else {
    if (draw(2) == 0) foresee(*watch);
    if (draw(2) == 0) turn_at_silence(*watch);
    if (draw(4) == 0) tell_read(*watch);
    if (draw(3) != 0) arm_watch(*watch, ++*generation);
    if (draw(4) != 0) consent(*watch, *generation);
    if (pm_watch_heard_at(*watch) > pm_clock()) fail("heard in the future");
  }
}

static void act(void) {
  size_t number = (size_t)draw(LINES);
  struct place *place = &places[number];
  size_t child = (size_t)draw(CHILDREN);
  if (place->line == NULL) return open_line(place, number);
  switch (draw(16)) {
    case 0:
      if (draw(40) == 0) close_line(place);
      return;
    case 1:
      return send_now(place->line);
    case 2:
      return atomic_store_explicit(&pacer->renewed_at, pm_clock(), memory_order_relaxed);
    case 3:
      if (pm_kernel_drops(place->line->receive_fd) > UINT32_MAX / 2) fail("odd drops");
      return;
    case 4:
    case 5:
    case 6:
      return change_beacon(place, &place->beacons[child]);
    default:
      return change_watch(place, &place->watches[child], &place->generations[child]);
  }
}

static void read_mail(void) {
  struct pm_mail mail;
  uint64_t sum = 0;
  for (int i = 0; i < 256 && pm_mail_next(pacer, &mail); i++) {
    mails[mail.kind]++;
    if (mail.kind == PM_MAIL_SILENT && mail.has_spoken) deeds++;
    if (mail.kind != PM_MAIL_RECORD) continue;
    records[mail.record->kind]++;
    for (uint32_t at = 0; at < mail.record->length; at++) sum += ((const uint8_t *)(mail.record + 1))[at];
  }
  if (sum == UINT64_MAX) fail("odd sum");
}

static void notify(void *data) {
  const uint64_t one = 1;
  (void)!write(*(int *)data, &one, sizeof one);
}

/* Nothing of this reaches the host's tables; without the privilege for that, its loopback must do. */
static void be_alone(void) {
  struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd;
  if (unshare(CLONE_NEWNET) != 0) return;
  fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &loopback) != 0) fail("no loopback of its own");
  (void)close(fd);
}

int main(int count, char **arguments) {
  int64_t seconds = count > 1 ? strtoll(arguments[1], NULL, 10) : 5;
  int wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int64_t end = pm_clock() + seconds * 1000000;
  uint64_t acts = 0;
  state = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
  be_alone();
  if (pm_pacer_start(notify, &wake_fd, &pacer) != 0) fail("cannot start");
  while (pm_clock() < end) {
    struct pollfd poll_fd = {.fd = wake_fd, .events = POLLIN};
    uint64_t wakes;
    for (uint64_t i = draw(60); i > 0; i--, acts++) act();
    if (draw(8) != 0) pm_flush(pacer);
    if (poll(&poll_fd, 1, (int)draw(3)) > 0 && read(wake_fd, &wakes, sizeof wakes) > 0) read_mail();
    /* Now and then a stall, so that leases lapse and the ring fills. */
    if (draw(400) == 0) (void)usleep(60000);
  }
  for (int i = 0; i < LINES; i += 2) {
    if (places[i].line != NULL) close_line(&places[i]);
  }
  pm_pacer_stop(pacer);
  for (int i = 1; i < LINES; i += 2) {
    if (places[i].line != NULL) close_line(&places[i]);
  }
  printf("stress: %llu commands, %llu packets, %llu turns, %llu ends, %llu silences, %llu of them foreseen, %llu warnings, %llu lost\n",
         (unsigned long long)acts,
         (unsigned long long)records[PM_RECORD_PACKET], (unsigned long long)records[PM_RECORD_TURN],
         (unsigned long long)mails[PM_MAIL_ENDED], (unsigned long long)mails[PM_MAIL_SILENT],
         (unsigned long long)deeds, (unsigned long long)mails[PM_MAIL_IMMINENT], (unsigned long long)atomic_load(&pacer->lost));
  if (mails[PM_MAIL_ENDED] == 0 || mails[PM_MAIL_SILENT] == 0 || records[PM_RECORD_PACKET] == 0 || deeds == 0 ||
      mails[PM_MAIL_IMMINENT] == 0)
    fail("little happened");
  pm_pacer_disown(pacer);
  (void)close(wake_fd);
  return 0;
}
