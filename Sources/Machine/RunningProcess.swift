import Foundation

/// A process, told apart from every other that had its number before or will have it.
public struct RunningProcess: Codable, Equatable, Sendable {
  /// The system's name for the machine, without asking a name server.
  public let hostName: String
  /// The system's number of it (`pid`), in its namespace.
  public let number: Int32
  /// Clock ticks from the machine's start to its own.
  let start: String
  /// Which start of the machine it belongs to, and which namespace its number.
  let boot: String
  /// The link in /proc that tells one namespace of numbers from others.
  let namespace: String

  enum CodingKeys: String, CodingKey {
    case hostName = "host"
    case number = "pid"
    case start, boot
    case namespace = "pid_namespace"
  }

  /// This one.
  public static let current: RunningProcess = {
    let boot = SystemFiles.live.word("/proc/sys/kernel/random/boot_id") ?? ""
    let namespace =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
    return RunningProcess(
      hostName: localHostName(),
      number: getpid(), start: startTime(of: getpid()) ?? "", boot: boot, namespace: namespace)
  }()

  private static func localHostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  /// Whether it still runs; nil: that cannot be seen from here, for example because it is on another host.
  var isRunning: Bool? {
    let here = Self.current
    guard hostName == here.hostName, boot == here.boot, namespace == here.namespace else { return nil }
    return Self.startTime(of: number) == start
  }

  /// nil: there is no such process, or it has ended and nobody has asked for its exit code, as in containers without an
  /// init.
  private static func startTime(of number: Int32) -> String? {
    // number (name) state parent … flags … start …; a name may hold anything.
    guard let line = SystemFiles.live.read("/proc/\(number)/stat"), let end = line.lastIndex(of: ")") else {
      return nil
    }
    let words = line[line.index(after: end)...].split(separator: " ")
    guard words.count > 19, !["Z", "X"].contains(words[0]), let flags = UInt(words[6]), flags & isExiting == 0
    else { return nil }
    return String(words[19])
  }

  /// The kernel's PF_EXITING.
  private static let isExiting: UInt = 4
}
