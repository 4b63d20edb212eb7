import Collectives
import Configurations
import Datasets
import Tensors

/// Has every rank's part of a step taken again by another rank, from its own copy of the parameters and of the data, and
/// compares what both brought, bit for bit. There are no false alarms: parts are functions (contract C1).
///
/// Who repeats whom is drawn anew for each step: rank r repeats the part of rank r + k. A rank that is alone repeats its
/// own, which finds what happened once. While a rank takes its second part the others do the same, so an audit takes the
/// time of a step whatever the number of ranks. It sees activations, statistics, embeddings and gradients, up to the sums
/// over a rank's shards; what is added over ranks, and the update, `NetworkComparison` sees.
struct StepAudit {
  /// Who brought what to a step, as two ranks see it.
  struct Mismatch: Equatable, Sendable, CustomStringConvertible {
    /// Whose part it was.
    let rank: Int
    let auditor: Int
    /// What differed first.
    let item: String
    /// Who repeated the part once more; the rank itself where there are but two.
    let third: Int
    let verdict: Verdict
    /// Where ranks run.
    let hosts: [String]

    enum Verdict: Equatable, Sendable {
      case rankIsWrong, auditorIsWrong, nobodyKnows
    }

    var description: String {
      let finding =
        rank == auditor
        ? "\(name(rank)) computed \(item) twice and got other bits"
        : "\(name(rank)) and \(name(auditor)), which repeated its part, computed other bits for \(item)"
      let judge = third == rank ? "the third time \(name(rank))" : name(third)
      return switch verdict {
      case .rankIsWrong where rank == auditor: "\(finding); \(judge) got what it got the second time"
      case .rankIsWrong: "\(finding); \(judge) got what rank \(auditor) got: rank \(rank) is wrong"
      case .auditorIsWrong: "\(finding); \(judge) got what rank \(rank) got: rank \(auditor) is wrong"
      case .nobodyKnows where third == rank:
        "\(finding); repeating it does not tell which of them is right"
      case .nobodyKnows: "\(finding); \(judge) got something else again"
      }
    }

    private func name(_ rank: Int) -> String { "rank \(rank) on \(hosts[rank])" }
  }

  let configuration: Configuration
  let dataset: any ImageDataset
  let trainer: Trainer
  let threads: Int
  let communicator: Communicator

  /// Every rank calls it with what it brought, before the update.
  ///
  /// - Returns: The first mismatch, the same on every rank; nil: there is none.
  /// - Throws: The same `AgreedFailure` on every rank where images could not be read again; `CollectiveError`.
  func mismatch(_ trace: StepTrace, step: Int) throws -> Mismatch? {
    let (rank, ranks) = (communicator.rank, communicator.worldSize)
    let distance = Self.distance(seed: configuration.seed, step: step, ranks: ranks)
    let repeated = try communicator.agree {
      try repetition(ofRank: (rank + distance) % ranks, trace, step: step)
    }
    let brought = try communicator.gatherBytes(trace.digests)
    let found = try communicator.gatherBytes(repeated.digests)
    guard let culprit = (0..<ranks).first(where: { brought[$0] != found[($0 + ranks - distance) % ranks] })
    else { return nil }
    let auditor = (culprit + ranks - distance) % ranks
    let third = (0..<ranks).first { $0 != culprit && $0 != auditor } ?? culprit
    let again = try communicator.agree {
      rank == third ? try repetition(ofRank: culprit, trace, step: step).digests : []
    }
    let last = try communicator.broadcast(again, from: third)
    let hosts = try communicator.gatherEach(communicator.hostName)
    return Mismatch(
      rank: culprit, auditor: auditor,
      item: trace.firstName(where: brought[culprit], differsFrom: found[auditor]), third: third,
      verdict: last == found[auditor]
        ? .rankIsWrong : last == brought[culprit] && third != culprit ? .auditorIsWrong : .nobodyKnows,
      hosts: hosts)
  }

  /// k: how far the repeated rank is from the one that repeats it.
  static func distance(seed: UInt64, step: Int, ranks: Int) -> Int {
    guard ranks > 1 else { return 0 }
    let draw = RandomDraws(seed: seed, purpose: .audit, index: step).uniform(0)
    return 1 + Int(Double(draw) * Double(ranks - 1))
  }

  private func repetition(ofRank rank: Int, _ trace: StepTrace, step: Int) throws -> StepTrace {
    let loader = try configuration.makeLoader(
      for: dataset, startStep: step - 1, threads: threads, rank: rank, worldSize: communicator.worldSize,
      queueDepth: 1)
    defer { loader.stop() }
    return try trainer.repeated(
      loader.next(), answers: RepeatedAnswers(trace, rank: rank, worldSize: communicator.worldSize))
  }
}

extension StepTrace {
  /// Of all items, one after the other.
  var digests: [UInt8] {
    items.flatMap { item in withUnsafeBytes(of: item.digest.littleEndian) { Array($0) } }
  }

  /// What the first item is called in which two traces of such a step differ.
  ///
  /// - Parameters: Both `digests`.
  func firstName(where one: [UInt8], differsFrom other: [UInt8]) -> String {
    let size = MemoryLayout<UInt64>.size
    let count = min(one.count, other.count) / size
    let first = (0..<count).first { one[$0 * size..<($0 + 1) * size] != other[$0 * size..<($0 + 1) * size] }
    return items.indices.contains(first ?? count) ? items[first ?? count].name : "the end of the step"
  }
}
