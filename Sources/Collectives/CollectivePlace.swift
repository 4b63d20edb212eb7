import Foundation
import Synchronization

/// Where a rank is among the collectives of its communicator.
package struct CollectivePlace: Equatable, Sendable {
  /// How many blocking collectives the rank has begun, the one that it waits in with them. All ranks begin the same ones
  /// in the same order.
  package var number: UInt64
  /// What the last of them is for.
  package var purpose: CollectivePurpose
  /// Whether the rank is inside it; false: at work after it.
  package var isWaiting: Bool

  package init(number: UInt64, purpose: CollectivePurpose, isWaiting: Bool) {
    self.number = number
    self.purpose = purpose
    self.isWaiting = isWaiting
  }
}

/// A rank's place as its main thread notes it and its watchdog reads it: one word, so that noting takes a few plain stores,
/// a look at the clock and no lock.
package final class NotedPlace: Sendable {
  private let word = Atomic<UInt64>(0)
  private let noted = Atomic<Int>(0)
  /// Nanoseconds: when the last collective was begun, and what all took.
  private let begun = Atomic<UInt64>(0)
  private let waited = Atomic<UInt64>(0)

  package init() {}

  func enter(_ purpose: CollectivePurpose) {
    let number = (word.load(ordering: .relaxed) >> 8) + 1
    begun.store(DispatchTime.now().uptimeNanoseconds, ordering: .relaxed)
    word.store(number << 8 | UInt64(purpose.rawValue) << 1 | 1, ordering: .relaxed)
  }

  func leave() {
    let duration = DispatchTime.now().uptimeNanoseconds - begun.load(ordering: .relaxed)
    waited.store(waited.load(ordering: .relaxed) + duration, ordering: .relaxed)
    word.store(word.load(ordering: .relaxed) & ~1, ordering: .relaxed)
  }

  /// What the rank has spent in collectives so far.
  package var waitedSeconds: Double { Double(waited.load(ordering: .relaxed)) / 1e9 }

  /// The step that the rank takes, counted from 1; 0: none yet.
  package var step: Int {
    get { noted.load(ordering: .relaxed) }
    set { noted.store(newValue, ordering: .relaxed) }
  }

  package var place: CollectivePlace {
    let word = word.load(ordering: .relaxed)
    return CollectivePlace(
      number: word >> 8, purpose: CollectivePurpose(rawValue: UInt8(word >> 1 & 0x7F)) ?? .start,
      isWaiting: word & 1 == 1)
  }
}
