/* Rules for bytes of frames, as a program that the kernel runs for each frame. Used by open.c. */
#ifndef PACEMAKER_FRAME_FILTER_H
#define PACEMAKER_FRAME_FILTER_H

#include <stddef.h>
#include <stdint.h>

/* Has the kernel drop what lacks the bytes of the rules, packed as match.h has them and valid. Answers 0 or an errno. */
int pm_filter_frames(int fd, const uint8_t *rules, size_t length);

#endif
