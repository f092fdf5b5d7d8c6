#!/bin/sh
# Inside the image, while it is built: etcd from its packages, and what a container has no use for switched off.
set -eu

printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d # no package starts anything here
chmod +x /usr/sbin/policy-rc.d
dpkg -i /tmp/debs/*.deb
# Programs of another origin take the place of the packages'.
for program in /tmp/bin/*; do
  [ ! -f "$program" ] || install -m 755 "$program" /usr/bin/
done
rm -rf /tmp/debs /tmp/bin /usr/sbin/policy-rc.d

for unit in systemd-udevd systemd-networkd systemd-resolved systemd-timesyncd systemd-logind console-getty \
  systemd-remount-fs; do
  ln -sf /dev/null "/etc/systemd/system/$unit.service"
done
for unit in getty.target apt-daily.timer apt-daily-upgrade.timer dev-hugepages.mount sys-kernel-debug.mount \
  sys-kernel-tracing.mount; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done
systemctl set-default multi-user.target
systemctl disable etcd nats-server
: >/etc/machine-id

# The first process: a boot id of its own, so that a container that starts again is a machine that has booted again, and
# cgroups as systemd wants them, without a privileged container.
cat >/sbin/boot <<'BOOT'
#!/bin/sh
cat /proc/sys/kernel/random/uuid >/run/boot-id
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id
umount -R /sys/fs/cgroup
# What is mounted for one unit (its credentials) comes from a child of systemd's.
mount --make-rshared /
mount -t cgroup2 none /sys/fs/cgroup && exec /sbin/init
BOOT
chmod +x /sbin/boot
