import Foundations

/// The addresses that this process may still take, where something limits them.
///
/// A library's working memory, a thread's stack and a tensor take addresses when they are made, whether or not they are
/// ever written.
public struct AddressSpace: Codable, Equatable, Sendable {
  /// Who limits it.
  enum Limit: String, Codable, CaseIterable {
    /// RLIMIT_AS.
    case addresses
    /// RLIMIT_DATA, which leaves out what is read only.
    case data
    /// The system lends all processes together no more than it has (`vm.overcommit_memory` is 2).
    case commitment
  }

  let reason: Limit
  /// In bytes, like `used`.
  public let limit: Int
  public let used: Int

  /// Bytes that libraries and the language's runtime need beside all that is asked for here.
  static let reserve = 64 << 20

  /// The limit that leaves least; nil: there is none.
  public init?(_ files: SystemFiles = .live) {
    let found = Limit.allCases.compactMap { reason in
      files.addresses(reason).map { (reason: reason, limit: $0.limit, used: $0.used) }
    }
    guard let least = found.min(by: { $0.limit - $0.used < $1.limit - $1.used }) else { return nil }
    (reason, limit, used) = least
  }

  /// Whether there are so many bytes more, and the reserve remains.
  public func holds(_ bytes: Int) -> Bool { least(with: bytes) <= limit }

  /// The least limit that would hold so many bytes more.
  public func least(with bytes: Int) -> Int { used + bytes + Self.reserve }

  /// The beginning of a sentence, for example `the address space is limited to 1.2 GB (ulimit -v …)`.
  public var words: String {
    let size = memoryText(Double(limit))
    return switch reason {
    case .addresses: "the address space is limited to \(size) (ulimit -v; h_vmem or vmem in batch systems)"
    case .data: "a process's data is limited to \(size) (ulimit -d)"
    case .commitment: "the system lends all its processes \(size) together (vm.overcommit_memory is 2)"
    }
  }
}

extension SystemFiles {
  fileprivate func addresses(_ reason: AddressSpace.Limit) -> (limit: Int, used: Int)? {
    switch reason {
    case .addresses: resource("Max address space", usedAs: "VmSize")
    case .data: resource("Max data size", usedAs: "VmData")
    case .commitment:
      word("/proc/sys/vm/overcommit_memory") == "2"
        ? pair(bytes(of: "CommitLimit", in: "/proc/meminfo"), bytes(of: "Committed_AS", in: "/proc/meminfo"))
        : nil
    }
  }

  private func resource(_ name: String, usedAs key: String) -> (limit: Int, used: Int)? {
    pair(softLimit(name).flatMap { Int($0) }, bytes(of: key, in: "/proc/self/status"))
  }

  private func pair(_ limit: Int?, _ used: Int?) -> (limit: Int, used: Int)? {
    limit.flatMap { limit in used.map { (limit, $0) } }
  }
}
