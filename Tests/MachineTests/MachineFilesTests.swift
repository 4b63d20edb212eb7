import Testing

@testable import Machine

/// What is read from the kernel's files.
@Suite struct MachineFilesTests {
  @Test(
    arguments: [
      ("\t0-3,8 ", [0, 1, 2, 3, 8]), ("5", [5]), ("0-1,4-5", [0, 1, 4, 5]), ("", []), ("x-", []),
      ("3-1", []),
    ] as [(String, Set<Int>)])
  func readsSetsOfHardwareThreads(list: String, threads: Set<Int>) {
    #expect(CPUSet.parse(list) == threads)
  }

  @Test(arguments: ["", "5", "0-3,8", "0-1,4-5,7"]) func writesTheShortestSet(list: String) {
    #expect(CPUSet.text(CPUSet.parse(list)) == list)
  }

  @Test func twoHardwareThreadsOfACoreAreOneCore() {
    // As Linux numbers them on a machine with 2 cores: 0 and 2 are the first.
    let info = (0..<4).map { "processor\t: \($0)\nphysical id\t: 0\ncore id\t\t: \($0 % 2)\n" }
    let files = SystemFiles([
      "/proc/cpuinfo": info.joined(separator: "\n"),
      "/proc/self/status": "Name:\tx\nCpus_allowed:\tf\nCpus_allowed_list:\t1-3\n",
    ])
    let topology = CPUTopology(files)
    #expect(topology.hardwareThreads == [0, 1, 2, 3])
    #expect(topology.cores(of: [0, 2]) == [0])
    #expect(topology.sockets == 1)
    #expect(Placement.allowedThreads(files) == [1, 2, 3])
    #expect(Placement.allowedCores(files) == [0, 1])
  }

  @Test func coresOfTwoSocketsHaveTheSameNumbers() {
    let info = (0..<4).map { "processor\t: \($0)\nphysical id\t: \($0 / 2)\ncore id\t\t: \($0 % 2)\n" }
    let topology = CPUTopology(SystemFiles(["/proc/cpuinfo": info.joined(separator: "\n")]))
    #expect(topology.cores(of: 0..<4).count == 4)
    #expect(topology.sockets == 2)
  }

  @Test func withoutTopologyEveryHardwareThreadIsACore() {
    let topology = CPUTopology(SystemFiles(["/proc/cpuinfo": "processor\t: 0\n\nprocessor\t: 1\n"]))
    #expect(topology.cores(of: [0, 1]) == [0, 1])
    #expect(topology.sockets == nil)
    #expect(CPUTopology(SystemFiles([:])).cores(of: [3]) == [3])
  }

  @Test func readsTheSecondVersionOfControlGroups() {
    let group = ControlGroup(
      SystemFiles([
        "/proc/self/cgroup": "0::/kubepods/pod1\n",
        "/sys/fs/cgroup/kubepods/pod1/cpu.max": "150000 100000\n",
        "/sys/fs/cgroup/kubepods/cpu.max": "max 100000\n",
        "/sys/fs/cgroup/kubepods/memory.max": "4294967296\n",
        "/sys/fs/cgroup/kubepods/pod1/memory.max": "max\n",
        "/sys/fs/cgroup/kubepods/pod1/cpuset.cpus.effective": "0-3\n",
      ]))
    #expect(group.cpuQuota == 1.5)
    #expect(group.memoryLimit == 4 << 30)
    #expect(group.cpuSet == [0, 1, 2, 3])
  }

  @Test func theTightestOfNestedQuotasHolds() {
    let group = ControlGroup(
      SystemFiles([
        "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/cpu.max": "200000 100000",
        "/sys/fs/cgroup/a/b/cpu.max": "400000 100000",
      ]))
    #expect(group.cpuQuota == 2)
  }

  /// In a container the path is the host's, but only the container's own group can be seen, at the top.
  @Test func readsTheFirstVersionOfControlGroups() {
    let group = ControlGroup(
      SystemFiles([
        "/proc/self/cgroup": "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n2:cpuset:/\n0::/\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "250000\n",
        "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n",
        "/sys/fs/cgroup/cpuset/cpuset.effective_cpus": "2-3\n",
      ]))
    #expect(group.cpuQuota == 2.5)
    #expect(group.memoryLimit == 1 << 30)
    #expect(group.cpuSet == [2, 3])
  }

  @Test func noLimitIsNone() {
    let group = ControlGroup(
      SystemFiles([
        "/proc/self/cgroup": "4:memory:/\n1:cpu:/\n0::/\n", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "/sys/fs/cgroup/cpu.max": "max 100000\n",
      ]))
    #expect(group.cpuQuota == nil && group.memoryLimit == nil && group.cpuSet == nil)
    let nothing = ControlGroup(SystemFiles([:]))
    #expect(nothing.cpuQuota == nil && nothing.memoryLimit == nil)
  }
}
