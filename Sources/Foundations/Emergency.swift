import Foundation
import Synchronization

/// The end of a process that can neither go on nor throw, because the system gives it no memory or no thread.
public enum Emergency {
  private static let answer = Mutex<@Sendable (String) -> Never> { sentence in
    StandardStreams.say("sluice: \(sentence)")
    _exit(1)  // exit would take down libraries that other threads are in
  }

  /// Says a sentence and ends the process with exit code 1, and all other ranks with it. Of several threads that come
  /// here the first speaks.
  public static func end(_ sentence: String) -> Never {
    answer.withLock { $0(sentence) }
  }

  /// What `end` does from now on: a job of several ranks has more to end than this process.
  public static func answer(with answer: @escaping @Sendable (String) -> Never) {
    self.answer.withLock { $0 = answer }
  }
}
