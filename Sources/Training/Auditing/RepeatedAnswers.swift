import Tensors

/// Stands in for the other ranks of a step that was taken before: what they answered then.
final class RepeatedAnswers: ShardReducer {
  let rank: Int
  let worldSize: Int
  private var answers: ArraySlice<StepTrace.Answer>

  /// - Parameters:
  ///   - trace: Of any rank, as all get the same answers.
  ///   - rank: Whose part is repeated.
  init(_ trace: StepTrace, rank: Int, worldSize: Int) {
    self.rank = rank
    self.worldSize = worldSize
    answers = trace.answers[...]
  }

  func sum(_ rows: [Double], leaves: Int, width: Int) throws -> [Double] {
    guard case .sums(let sums) = answers.popFirst(), sums.count == width else { throw OtherStep() }
    return sums
  }

  func sum(_ counts: [Int64]) throws -> [Int64] {
    guard case .counts(let sums) = answers.popFirst(), sums.count == counts.count else { throw OtherStep() }
    return sums
  }

  func gather(_ own: Tensor) throws -> Tensor {
    guard case .rows(let rows) = answers.popFirst(), rows.count == own.count * worldSize else {
      throw OtherStep()
    }
    return rows.copy()
  }
}

/// The repeated step asks for something that the first one did not.
struct OtherStep: Error {}
