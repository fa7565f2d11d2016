{
  "targets": [
    {
      "target_name": "pacemaker",
      "sources": [
        "native/beacon.c",
        "native/beacon_api.c",
        "native/datagram.c",
        "native/decode.c",
        "native/descriptors.c",
        "native/execute.c",
        "native/give.c",
        "native/hands.c",
        "native/foresee_api.c",
        "native/handles.c",
        "native/interface.c",
        "native/life.c",
        "native/line.c",
        "native/line_api.c",
        "native/mailbox.c",
        "native/make.c",
        "native/match.c",
        "native/memory.c",
        "native/module.c",
        "native/netlink.c",
        "native/open.c",
        "native/outbox.c",
        "native/outgoing.c",
        "native/pacemaker_api.c",
        "native/packet.c",
        "native/process.c",
        "native/raw_ip.c",
        "native/ring.c",
        "native/schedule.c",
        "native/socket.c",
        "native/stack.c",
        "native/thread.c",
        "native/trouble.c",
        "native/unix_datagram.c",
        "native/values.c",
        "native/watch.c",
        "native/watch_api.c"
      ],
      "defines": ["NAPI_VERSION=8", "_GNU_SOURCE"],
      "cflags": ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes", "-fvisibility=hidden", "-fstack-protector-strong"],
      "ldflags": ["-Wl,-z,relro,-z,now"]
    }
  ]
}
