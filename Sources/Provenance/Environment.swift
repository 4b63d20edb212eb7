import Layers

/// What one rank runs on: the facts that decide a result's bits and its speed, and those that help to find
/// out why something went wrong.
///
/// nil stands for what could not be found out, unless it says otherwise. The names of stored properties, in
/// snake_case, are the keys of `sluice doctor --json` and of `environment.json`; what is nil is left out there.
public struct Environment: Codable, Equatable, Sendable {
  public var host: String
  public var sluice: Build
  public var system: System
  public var mpi: MPI
  public var blas: BLAS
  public var onednn: OneDNN
  public var cpu: CPU
  public var threads: Threads
  public var memory: Memory
  public var limits: Limits
  /// Variables that change results, speed or what starts, by name.
  public var variables: [String: String]

  public struct Build: Codable, Equatable, Sendable {
    public var version: String
    public var commit: String?
    /// Whether what was built differed from `commit`.
    public var modified: Bool
    /// The compiler's version.
    public var swift: String
  }

  public struct System: Codable, Equatable, Sendable {
    /// The distribution.
    public var name: String?
    public var kernel: String?
    /// Its mathematical functions are part of a result's bits.
    public var cLibrary: String?
    /// What kind of container this is; nil: none that shows.
    public var container: String?
    /// Whether the host has an InfiniBand or RoCE adapter.
    public var hasInfiniband: Bool
  }

  public struct MPI: Codable, Equatable, Sendable {
    public var library: String
    /// nil: not started.
    public var threadLevel: String?
    public var rank: Int
    public var worldSize: Int
    /// Tasks that the launcher says it started; nil: no launcher.
    public var launchedTasks: Int?
    /// Slurm or PBS, where the process is in an allocation of theirs.
    public var batchSystem: String?
    /// Whether waiting ranks give their core away; nil: not Open MPI, or not started by mpirun.
    public var yieldsWhenIdle: Bool?
  }

  public struct BLAS: Codable, Equatable, Sendable {
    public var library: String
    /// The processor whose kernels it chose.
    public var core: String

    /// Whether these kernels do without AVX2.
    public var isOld: Bool { MatrixLibrary.isOld(core: core) }
  }

  public struct OneDNN: Codable, Equatable, Sendable {
    public var version: String
    /// Whether it has Winograd convolutions here; nil: a convolution could not be made at all.
    public var winograd: Bool?
    /// The largest instruction set that it uses, by its own name.
    public var instructionSet: String
  }

  public struct CPU: Codable, Equatable, Sendable {
    /// As `uname -m` says.
    public var architecture: String
    public var model: String?
    /// What Sluice's own kernels use: avx512, avx2 or baseline.
    public var instructionSet: String
    public var bf16: Bool?
    /// Channels in a block of the layout of activations.
    public var channelBlock: Int
    public var sockets: Int?
    public var cores: Int
    public var hardwareThreads: Int
    public var numaDomains: Int?
    /// How the clock frequency is chosen, and by which driver.
    public var governor: String?
    public var frequencyDriver: String?
  }

  public struct Threads: Codable, Equatable, Sendable {
    /// Threads of this rank: those it uses, or would use by default.
    public var count: Int
    /// The hardware threads in the affinity mask, for example `0-3,8`.
    public var affinity: String
    /// Their cores, each named by its lowest hardware thread.
    public var cores: String
    /// NUMA domains that the mask touches.
    public var numaDomains: Int?
    /// Cores of the host that the job was given, by its control group or batch system: all, if neither limits it.
    public var allottedCores: Int
    /// CPUs' worth of time; nil: no limit.
    public var cpuQuota: Double?
  }

  /// Bytes.
  public struct Memory: Codable, Equatable, Sendable {
    public var total: Int?
    public var available: Int?
    public var swap: Int?
    /// Of the control group; nil: no limit.
    public var limit: Int?
    /// Of `/dev/shm`, through which ranks of one host talk.
    public var shared: Int?
    public var sharedFree: Int?
  }

  public struct Limits: Codable, Equatable, Sendable {
    public var lockedMemory: Limit?
    public var openFiles: Limit?
    public var stack: Limit?
    public var coreFile: Limit?
    public var addressSpace: Limit?
  }
}

/// A limit as `ulimit` shows it: a number, or "unlimited".
public enum Limit: Codable, Equatable, Sendable {
  case unlimited
  case value(Int)

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    self = (try? container.decode(Int.self)).map(Limit.value) ?? .unlimited
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .unlimited: try container.encode("unlimited")
    case .value(let value): try container.encode(value)
    }
  }

  /// Whether it is at least so many.
  func allows(_ count: Int) -> Bool {
    if case .value(let value) = self { value >= count } else { true }
  }
}
