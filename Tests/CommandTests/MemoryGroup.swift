import Foundation
import TestSupport
import Testing

/// A control group whose memory is limited, in the kernel's first or second version of them.
struct MemoryGroup {
  private let path: String
  private var isSecond: Bool { FileManager.default.fileExists(atPath: "\(path)/memory.max") }

  /// Whether this process may make one: root may, but not in every container.
  static let canBeMade = (try? MemoryGroup(megabytes: 100).remove()) != nil

  init(megabytes: Int) throws {
    let roots = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"]
    let root = try #require(roots.first { FileManager.default.fileExists(atPath: "\($0)/cgroup.procs") })
    path = "\(root)/sluice-test-\(getpid())"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    do {
      let limit = "\(megabytes << 20)"
      try write(limit, isSecond ? "memory.max" : "memory.limit_in_bytes")
      // Where there is no such file, there is nothing to swap to.
      if isSecond {
        try? write("0", "memory.swap.max")
      } else {
        try? write(limit, "memory.memsw.limit_in_bytes")
      }
    } catch {
      rmdir(path)
      throw error
    }
  }

  private func write(_ text: String, _ file: String) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(path)/\(file)"))
    defer { try? handle.close() }
    try handle.write(contentsOf: Data(text.utf8))
  }

  /// The words that start a command in the group.
  var starter: [String] { ["bash", "-c", "echo $$ >\(path)/cgroup.procs; exec \"$@\"", "bash"] }

  /// How many processes in it the kernel has killed for want of memory.
  var kills: Int {
    let text = try? String(
      contentsOfFile: "\(path)/\(isSecond ? "memory.events" : "memory.oom_control")", encoding: .utf8)
    return text?.firstMatch(of: #/oom_kill (\d+)/#).flatMap { Int($0.1) } ?? 0
  }

  /// Takes memory away from the processes in the group until the kernel kills one.
  func starve() throws {
    let ballast = "/dev/shm/sluice-test-\(getpid())"
    defer { unlink(ballast) }
    for _ in 0..<250 where kills == 0 {
      // It is not to be killed itself.
      let script = "echo -1000 >/proc/self/oom_score_adj; head -c 4M /dev/zero >>\(ballast)"
      try Tool.succeed(starter + ["bash", "-c", script])
    }
    try #require(kills > 0, "nothing was killed")
  }

  /// Removes the group, after all that is in it.
  func remove() {
    while rmdir(path) != 0, errno == EBUSY {
      let processes = (try? String(contentsOfFile: "\(path)/cgroup.procs", encoding: .utf8)) ?? ""
      for process in processes.split(separator: "\n").compactMap({ pid_t($0) }) { kill(process, SIGKILL) }
      Thread.sleep(forTimeInterval: 0.01)
    }
  }
}
