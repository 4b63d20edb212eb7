import Crypto
import Foundation
import Layers
import Tensors

/// What a rank's part of a step came to: digests of all that it brought to other ranks, in the order of the step, and what
/// all ranks together made of it. Whoever takes the same part with those results must bring the same, bit for bit
/// (contract C1).
public final class StepTrace {
  /// Something that the rank brought.
  package struct Item: Equatable, Sendable {
    /// For example `gradient of layer1.0.conv1.weight`.
    package let name: String
    /// The first 64 bits of the SHA-256 of its bytes.
    package let digest: UInt64
  }

  /// An answer of the other ranks.
  enum Answer {
    case sums([Double])
    case counts([Int64])
    case rows(Tensor)
  }

  package private(set) var items: [Item] = []
  private(set) var answers: [Answer] = []

  package init() {}

  /// A reducer that leaves everything in this trace.
  func following(_ reducer: any ShardReducer) -> any ShardReducer { TracedReducer(reducer, self) }

  /// Takes the sum over this rank's shards, before that over ranks.
  func add(gradientOf parameter: Parameter) {
    add("the gradient of \(parameter.name)", parameter.gradientArray)
  }

  /// Ends a trace where a value is not finite.
  func end(atNonFinite layer: String) { end(with: "a non-finite value at \(layer)") }

  /// Ends a trace where the step could not go on.
  func end(with problem: String) { items.append(Item(name: problem, digest: 0)) }

  fileprivate func add(_ name: String, _ numbers: [some BitwiseCopyable]) {
    let digest = numbers.withUnsafeBytes { SHA256.hash(data: $0) }
      .withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    items.append(Item(name: name, digest: UInt64(littleEndian: digest)))
  }

  fileprivate func add(_ answer: Answer) { answers.append(answer) }
}

/// Passes everything on, and writes down both sides.
private final class TracedReducer: ShardReducer {
  private let reducer: any ShardReducer
  private let trace: StepTrace

  init(_ reducer: any ShardReducer, _ trace: StepTrace) {
    self.reducer = reducer
    self.trace = trace
  }

  var worldSize: Int { reducer.worldSize }
  var rank: Int { reducer.rank }

  func sum(_ rows: [Double], leaves: Int, width: Int) throws -> [Double] {
    trace.add("statistics \(trace.answers.count + 1)", rows)
    let sums = try reducer.sum(rows, leaves: leaves, width: width)
    trace.add(.sums(sums))
    return sums
  }

  func sum(_ counts: [Int64]) throws -> [Int64] {
    trace.add("counts \(trace.answers.count + 1)", counts)
    let sums = try reducer.sum(counts)
    trace.add(.counts(sums))
    return sums
  }

  func gather(_ own: Tensor) throws -> Tensor {
    trace.add("embeddings \(trace.answers.count + 1)", own.values)
    let all = try reducer.gather(own)
    // The step may write over what it was given.
    trace.add(.rows(all.copy()))
    return all
  }
}
