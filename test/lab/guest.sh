# Process 1 of the guest that ipvs-run boots, read by its busybox shell with $busybox, $modules and $run set: puts a layer for
# writing over the files of the host, loads IPVS, runs the command, and turns the machine off.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
for name in mount umount mkdir mkfifo ln cat grep insmod modprobe pivot_root setsid ip sync poweroff stty; do
  alias $name="$busybox $name"
done

mount -t proc proc /proc
# /mnt is only a place that always exists. What is written goes to memory.
mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work /mnt/root
grep -q overlay /proc/filesystems || insmod "$modules/kernel/fs/overlayfs/overlay.ko"
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root || exec poweroff -f
cd /mnt/root && mkdir -p .old && pivot_root . .old && umount -l /.old && cd /

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
for pair in fd:/proc/self/fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do ln -sfn "${pair#*:}" "/dev/${pair%%:*}"; done
# Hides sockets, pids and namespaces of the host.
mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/lock /run/netns
while read -r folder; do mount -t hostfs none "$folder" -o "$folder"; done <"$run/writable"

# The kernel itself calls /sbin/modprobe for what `ip link add type ...` and schedulers need.
mkdir -p /lib/modules && ln -sfn "$modules" "/lib/modules/${modules##*/}"
[ -e /sbin/modprobe ] || ln -s "$busybox" /sbin/modprobe
modprobe -a ipv6 nf_conntrack ip_vs
ip link set lo up
echo ipvs-lab >/proc/sys/kernel/hostname

# Output leaves by two raw consoles; the command itself gets pipes.
for tty in /dev/tty1 /dev/tty2; do stty raw -echo <$tty; done
mkfifo /run/.out /run/.err
cat /run/.out >/dev/tty1 &
out=$!
cat /run/.err >/dev/tty2 &
err=$!
setsid /bin/bash "$run/command" </dev/null >/run/.out 2>/run/.err
code=$?
# Daemons that it left behind would keep the pipes open: end everything outside this session, which is number 0.
for round in 1 2; do
  for process in /proc/[0-9]*; do
    { read -r line <"$process/stat"; } 2>/dev/null || continue
    set -- ${line##*) }
    [ "$4" = 0 ] || kill -9 "${process#/proc/}" 2>/dev/null
  done
done
wait $out
wait $err
# Setting a console waits until what it has to say is out.
for tty in /dev/tty1 /dev/tty2; do stty raw <$tty; done
sync
echo $code >"$run/code"
sync
poweroff -f
