/// What forward leaves for backward: pushed by the one, popped by the other in reverse order.
///
/// Where forward is called twice, to take less memory, the first call leaves nothing but notes: small results that
/// the second call must take over instead of computing them again.
final class Tape {
  private let records: Bool
  private let recomputes: Bool
  private var entries: [Any] = []
  /// What forward came to that is small, in the order of its calls; nil if it is called once only.
  private var notes: [Any]?
  private var nextNote = 0
  private var keeps: Bool

  /// - Parameters:
  ///   - records: Whether there will be a backward.
  ///   - recomputes: Whether parts of forward keep their input alone and are called again before their backward; see
  ///     `recomputable`.
  ///   - repeats: Whether all of forward will be called again, after `rewind`.
  init(records: Bool, recomputes: Bool, repeats: Bool) {
    self.records = records
    self.recomputes = recomputes
    notes = recomputes || repeats ? [] : nil
    keeps = !repeats
  }

  /// Remembers `saved` for backward, if there is one, unless forward will be called again.
  func push<Saved>(_ saved: @autoclosure () -> Saved) {
    if records, keeps { entries.append(saved()) }
  }

  /// What the matching forward call pushed.
  func pop<Saved>(_ type: Saved.Type) -> Saved {
    guard let saved = entries.popLast() as? Saved else {
      preconditionFailure("backward must undo forward's calls in reverse order: expected \(type)")
    }
    return saved
  }

  /// What `compute` gives; when forward is repeated, what it gave the first time.
  func once<Result>(_ compute: () throws -> Result) rethrows -> Result {
    guard var notes else { return try compute() }
    if nextNote < notes.count {
      guard let known = notes[nextNote] as? Result else {
        preconditionFailure("forward must make the same calls when it is repeated: expected \(Result.self)")
      }
      nextNote += 1
      return known
    }
    // What is noted inside belongs to this note.
    self.notes = nil
    let result = try compute()
    notes.append(result)
    self.notes = notes
    nextNote += 1
    return result
  }

  /// Makes the next forward a repetition that keeps what backward needs.
  func rewind() {
    nextNote = 0
    keeps = true
  }

  private struct Repetition<Value> {
    let input: Value
    let firstNote: Int
  }

  /// Calls `forward`; if the tape recomputes, all that it keeps is `x`.
  func recomputable<Value>(_ x: Value, _ forward: (Value) throws -> Value) throws -> Value {
    guard recomputes else { return try forward(x) }
    push(Repetition(input: x, firstNote: nextNote))
    let kept = keeps
    keeps = false
    defer { keeps = kept }
    return try forward(x)
  }

  /// Calls `forward` a second time if the tape recomputes, so that its backward finds what it needs.
  func recompute<Value>(_ forward: (Value) throws -> Value) throws {
    guard recomputes else { return }
    let repetition = pop(Repetition<Value>.self)
    nextNote = repetition.firstNote
    _ = try forward(repetition.input)
  }
}
