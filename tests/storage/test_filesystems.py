"""A data directory on another machine's disk is refused by the name of its file system; everything else is let be."""

from pathlib import Path

import pytest

from krea_tui.domain.errors import StoreError
from krea_tui.storage.filesystems import mounts_of_mount, mounts_of_mountinfo, require_local, type_at

LAPTOP = """\
24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
25 24 0:22 / /proc rw,nosuid shared:12 - proc proc rw
61 24 0:51 / /mnt/nas rw,relatime shared:31 - nfs4 nas:/export rw,vers=4.2
62 24 0:52 / /mnt/my\\040share rw,relatime shared:32 master:2 - cifs //nas/share rw
63 24 0:53 / /mnt/remote rw,nosuid - fuse.sshfs me@host: rw,user_id=1000
64 61 254:3 / /mnt/nas/scratch rw,relatime - xfs /dev/sdb1 rw
65 24 0:54 / /net rw - autofs auto.net rw
66 65 0:55 / /net rw - nfs host:/net rw
"""
CONTAINERS = """\
1120 900 0:310 / / rw,relatime - overlay overlay rw,lowerdir=/a:/b
1121 1120 0:311 / /scratch rw - tmpfs tmpfs rw
1122 1120 0:312 / /host rw,relatime - 9p host rw,trans=virtio
1123 1120 0:313 / /shared rw - virtiofs share rw
1124 1120 0:314 / /fused rw - fuse.something-new x rw
1125 1120 0:315 / /oldfuse rw - fuseblk /dev/sdc rw
"""
MAC = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//me@nas._smb._tcp.local/share on /Volumes/My Share (smbfs, nodev, nosuid, mounted by me)
nas:/export on /Volumes/nfs on nas (nfs)
https://dav.example/files/ on /Volumes/files (webdav, nodev)
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/mnt/.local/share/krea-tui", "ext4"),
        ("/mnt/nas/krea", "nfs4"),
        ("/mnt/nas", "nfs4"),
        ("/mnt/nasty", "ext4"),
        ("/mnt/nas/scratch/krea", "xfs"),
        ("/mnt/my share/a/b", "cifs"),
        ("/mnt/remote/x", "fuse.sshfs"),
        ("/net/host", "nfs"),
    ],
)
def test_the_deepest_and_latest_mount_of_linux_counts(path: str, kind: str) -> None:
    assert type_at(path, mounts_of_mountinfo(LAPTOP)) == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/Applications/x", "apfs"),
        ("/Volumes/My Share/krea", "smbfs"),
        ("/Volumes/nfs on nas/krea", "nfs"),
        ("/Volumes/files", "webdav"),
    ],
)
def test_the_mounts_of_macos_are_understood(path: str, kind: str) -> None:
    assert type_at(path, mounts_of_mount(MAC)) == kind


@pytest.mark.parametrize("text", ["", "garbage", "1 2 3 - \n - ext4", "1 2 3 / /x rw ext4 without separator"])
def test_a_table_of_another_form_says_nothing(text: str) -> None:
    assert mounts_of_mountinfo(text) == ()
    assert type_at("/home", mounts_of_mount(text)) is None


@pytest.mark.parametrize("folder", ["/mnt/nas/krea", "/mnt/my share/krea", "/mnt/remote/krea", "/net/host/krea"])
def test_a_folder_on_the_network_is_refused_with_a_way_out(folder: str) -> None:
    with pytest.raises(StoreError, match="network file system") as refusal:
        require_local(Path(folder), lambda: mounts_of_mountinfo(LAPTOP))
    assert folder in str(refusal.value)
    assert "--data-dir" in refusal.value.advice


@pytest.mark.parametrize("folder", ["/", "/opt/krea", "/scratch/x", "/host/x", "/shared/x", "/fused/x", "/oldfuse/x"])
def test_roots_of_containers_and_unknown_kinds_are_let_be(folder: str) -> None:
    require_local(Path(folder), lambda: mounts_of_mountinfo(CONTAINERS))


def test_a_link_to_the_network_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "nas").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nas")
    with pytest.raises(StoreError, match="nfs4"):
        require_local(tmp_path / "link" / "not-yet", lambda: ((str(tmp_path / "nas"), "nfs4"), ("/", "ext4")))


def test_a_folder_of_this_machine_s_tests_is_local(tmp_path: Path) -> None:
    require_local(tmp_path / "data")
