import Foundations
import Networks

/// What an image takes in evaluation, where closed channels are left out, as measured on some machine:
/// fixed + Σ_g perOpenChannel_g · n_g with the image's open channels n_g of each gate.
///
/// Its text is a list of items of `name=value` words, times in microseconds: the network, how it was measured and what it
/// takes, then a gate each,
/// `family=resnet depth=18 width=64 input_size=32 dense_macs=555417600 group=1`, `batch=64 threads=2 dense=9081.3 fixed=3770.5` and
/// `gate=layer1.0.gate channels=64 open_channel=7.31`.
public struct LatencyTable: Equatable, Sendable {
  /// Which network was measured.
  public struct Subject: Equatable, Sendable, CustomStringConvertible {
    public let family: NetworkFamily
    public let depth: Int
    public let width: Int
    public let inputSize: Int
    /// Tells networks with other stems or inner channels apart.
    public let denseMACs: Int64
    /// How many channels open together.
    public let group: Int

    public var description: String {
      "\(family.title)-\(depth) of width \(width) at \(inputSize)×\(inputSize) with \(grouped(Int(denseMACs))) "
        + "dense MACs" + (group > 1 ? " and channels that open in groups of \(group)" : "")
    }
  }

  public struct Gate: Equatable, Sendable {
    public let name: String
    public let channels: Int
    /// What one open channel takes of an image's time.
    public let perOpenChannel: Double

    public init(name: String, channels: Int, perOpenChannel: Double) {
      self.name = name
      self.channels = channels
      self.perOpenChannel = perOpenChannel
    }
  }

  public let subject: Subject
  /// Images at one time.
  public let batch: Int
  public let threads: Int
  /// An image of the network without gates.
  public let dense: Double
  /// An image for which every channel is closed.
  public let fixed: Double
  /// In the order of the forward pass.
  public let gates: [Gate]

  public init(subject: Subject, batch: Int, threads: Int, dense: Double, fixed: Double, gates: [Gate]) {
    self.subject = subject
    self.batch = batch
    self.threads = threads
    self.dense = dense
    self.fixed = fixed
    self.gates = gates
  }

  /// As a budget takes it.
  public var cost: GateCost {
    GateCost(
      allClosed: fixed, perOpenChannel: gates.map(\.perOpenChannel), channels: gates.map(\.channels))
  }
}

extension LatencyTable: MeasuredTable {
  public static let command = "sluice bench latency --write"
  public static let exampleWord = "width=64"

  public var items: [String] {
    [
      "family=\(subject.family.rawValue) depth=\(subject.depth) width=\(subject.width) "
        + "input_size=\(subject.inputSize) dense_macs=\(subject.denseMACs) group=\(subject.group)",
      "batch=\(batch) threads=\(threads) dense=\(dense) fixed=\(fixed)",
    ] + gates.map { "gate=\($0.name) channels=\($0.channels) open_channel=\($0.perOpenChannel)" }
  }

  public init(items: [String]) throws(ItemProblem) {
    guard items.count > 2 else {
      throw ItemProblem(item: items.count - 1, description: "is the last, and gates must follow it")
    }
    var words: [ItemWords] = []
    for (number, item) in items.enumerated() {
      words.append(try ItemWords(item, item: number, example: Self.exampleWord))
    }
    subject = try words[0].subject()
    batch = try words[1].number("batch")
    threads = try words[1].number("threads")
    dense = try words[1].microseconds("dense")
    fixed = try words[1].microseconds("fixed")
    guard dense > 0 else { throw words[1].problem("has 0 for 'dense', and no network takes no time") }
    var gates: [Gate] = []
    for number in words.indices.dropFirst(2) {
      gates.append(
        Gate(
          name: try words[number].text("gate"), channels: try words[number].number("channels"),
          perOpenChannel: try words[number].microseconds("open_channel")))
    }
    self.gates = gates
    for words in words { try words.expectNoMore() }
  }
}

extension ItemWords {
  fileprivate mutating func subject() throws(ItemProblem) -> LatencyTable.Subject {
    let name = try text("family")
    guard let family = NetworkFamily(rawValue: name) else {
      throw problem("has 'family=\(name)', and there is no such family of networks")
    }
    return LatencyTable.Subject(
      family: family, depth: try number("depth"), width: try number("width"),
      inputSize: try number("input_size"), denseMACs: Int64(try number("dense_macs", through: .max)),
      group: try number("group"))
  }
}

extension ValueForm where Value == ConfigurationFile.ValueOrFile<LatencyTable?> {
  static let latencyTable = Self.listOrFile(
    "none or a file that '\(LatencyTable.command)' wrote", or: "none", read: { try? LatencyTable(items: $0) },
    items: \.items, show: { "table \($0.digest) of \($0.gates.count) gates" })
}
