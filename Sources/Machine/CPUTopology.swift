/// Which hardware threads of a machine are one core, as `/proc/cpuinfo` tells.
///
/// Kernels that keep the vector units busy gain nothing from a core's second hardware thread, so threads are
/// counted by cores.
public struct CPUTopology: Equatable, Sendable {
  /// For every hardware thread that is online, its core, named by its lowest hardware thread.
  private let cores: [Int: Int]
  /// nil where the kernel does not tell, as in some virtual machines and on ARM.
  public let sockets: Int?

  public init(_ files: SystemFiles) {
    struct Place: Hashable { let socket, core: Substring }
    var cores: [Int: Int] = [:]
    var firstThread: [Place: Int] = [:]
    var sockets: Set<Substring> = []
    var thread: Int?
    var socket: Substring?
    for line in (files.read("/proc/cpuinfo") ?? "").split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      // Everything else is skipped early: a large machine has thousands of lines.
      if line.hasPrefix("processor\t") {
        thread = Int(value)
        socket = nil
        if let thread { cores[thread] = thread }
      } else if line.hasPrefix("physical id") {
        socket = value
        sockets.insert(value)
      } else if line.hasPrefix("core id"), let thread, let socket {
        let place = Place(socket: socket, core: value)
        cores[thread] = firstThread[place] ?? thread
        firstThread[place] = cores[thread]
      }
    }
    self.cores = cores
    self.sockets = sockets.isEmpty ? nil : sockets.count
  }

  public var hardwareThreads: Set<Int> { Set(cores.keys) }

  /// The cores of some hardware threads, each named by its lowest hardware thread; a thread that the kernel
  /// does not list is a core of its own.
  public func cores(of threads: some Sequence<Int>) -> Set<Int> { Set(threads.map { cores[$0] ?? $0 }) }
}
