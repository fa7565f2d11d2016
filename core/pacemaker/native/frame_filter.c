/* Rules for bytes of frames, translated into classic BPF. Used by open.c. */
#include "frame_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

/* For each byte or word: load, mask, compare, drop. */
#define STEPS 4
#define WHOLE_FRAME 0xffffffffu

struct program {
  struct sock_filter *code;
  size_t count;
};

static uint32_t number_at(const uint8_t *bytes, size_t length) {
  uint32_t number = 0;
  for (size_t i = 0; i < length; i++) number = number << 8 | bytes[i];
  return number;
}

/* What lies beyond the end of the frame ends the program, which drops it. */
static void require(struct program *program, size_t offset, size_t length, uint32_t mask, uint32_t value) {
  struct sock_filter *code = program->code + program->count;
  code[0] = (struct sock_filter)BPF_STMT(BPF_LD | (length == 4 ? BPF_W : BPF_B) | BPF_ABS, (uint32_t)offset);
  code[1] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask);
  code[2] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value & mask, 1, 0);
  code[3] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
  program->count += STEPS;
}

/* Four bytes at a time, the rest one by one. */
static size_t add_rule(struct program *program, const uint8_t *rule) {
  size_t offset = number_at(rule, 4), bytes = number_at(rule + 4, 4);
  const uint8_t *mask = rule + 8, *value = mask + bytes;
  for (size_t i = 0; i < bytes;) {
    size_t length = bytes - i >= 4 ? 4 : 1;
    require(program, offset + i, length, number_at(mask + i, length), number_at(value + i, length));
    i += length;
  }
  return 8 + 2 * bytes;
}

int pm_filter_frames(int fd, const uint8_t *rules, size_t length) {
  /* No rule has more bytes than half of its length. */
  struct program program = {.code = calloc(STEPS * (length / 2) + 1, sizeof *program.code)};
  struct sock_fprog attached;
  int error;
  if (program.code == NULL) return ENOMEM;
  for (size_t at = 0; at < length;) at += add_rule(&program, rules + at);
  program.code[program.count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, WHOLE_FRAME);
  if (program.count > BPF_MAXINSNS) {
    free(program.code);
    return EINVAL;
  }
  attached = (struct sock_fprog){.len = (unsigned short)program.count, .filter = program.code};
  error = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0 ? 0 : errno;
  free(program.code);
  return error;
}
