import Foundation

/// What a thread of its own makes while others go on.
package final class BackgroundResult<Value: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var value: Value?

  /// - Parameters:
  ///   - name: Of the thread.
  ///   - make: Done there, once.
  package init(thread name: String, _ make: @escaping @Sendable () -> Value) {
    startThread(name) { [self] in
      let made = make()
      condition.lock()
      value = made
      condition.broadcast()
      condition.unlock()
    }
  }

  /// nil while it is being made.
  package var ifMade: Value? {
    condition.lock()
    defer { condition.unlock() }
    return value
  }

  /// Waits until it is made.
  package func wait() -> Value {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let value { return value }
      condition.wait()
    }
  }
}
