/// A machine that is not there: what lscpu would say of it.
struct Machine {
  var sockets = 1
  /// Memory domains a socket.
  var domains = 1
  /// Cores a domain.
  var cores: Int
  var threads = 1
  /// The processors that may be used, in the kernel's notation; nil: not said.
  var allowed: String?

  static let laptop = Machine(cores: 4, threads: 2)
  /// 64 cores in four memory domains; hardware threads c and c + 64 are core c.
  static let server = Machine(sockets: 2, domains: 2, cores: 16, threads: 2)

  func allowing(_ processors: String) -> Machine {
    var copy = self
    copy.allowed = processors
    return copy
  }

  /// lscpu -p=CPU,CORE,SOCKET,NODE, numbered as Linux does: first threads of all cores, then the second ones.
  var topology: String {
    let all = sockets * domains * cores
    let rows = (0..<all * threads).map { processor in
      let core = processor % all
      return "\(processor),\(core),\(core / (domains * cores)),\(core / cores)"
    }
    let mask = allowed.map { ["Cpus_allowed_list:\t\($0)"] } ?? []
    return (mask + ["# CPU,Core,Socket,Node"] + rows).joined(separator: "\n") + "\n"
  }
}
