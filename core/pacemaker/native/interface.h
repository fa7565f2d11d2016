/* Options that sockets of every kind share. No Node-API. Used by raw_ip.c, netlink.c, open.c and line_api.c. */
#ifndef PACEMAKER_INTERFACE_H
#define PACEMAKER_INTERFACE_H

#include <stdint.h>

/* Answers 0 or an errno. */
int pm_set_option(int fd, int level, int option, int value);
/* Binds to an interface; answers 0 or an errno. */
int pm_bind_to_interface(int fd, unsigned interface_index);
/* Sets the receive buffer, beyond the system's limit where privileged. Failure to do so is no error. */
void pm_set_receive_buffer(int fd, int bytes);
void pm_set_send_buffer(int fd, int bytes);
/* Joins or leaves a group of the family's length on an interface; AF_PACKET: 6 bytes. Answers 0 or an errno. */
int pm_set_membership(int fd, int family, unsigned interface_index, int join, const uint8_t *group);
/* Datagrams that the kernel dropped for want of buffer. */
uint32_t pm_kernel_drops(int fd);

#endif
