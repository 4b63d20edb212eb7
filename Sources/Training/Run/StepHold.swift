import Foundation

/// Holds a run before one of its steps, so that a test can do something to it there instead of racing it.
///
/// `SLUICE_HOLD=STEP:FIFO` makes rank 0 open the FIFO for reading before step STEP (counted from 1) and wait until
/// somebody has opened it for writing and closed it, or a signal arrives; the other ranks wait for rank 0 as ever. For
/// tests only: no option, no key, and nothing happens without the variable.
struct StepHold {
  private let step: Int
  private let fifo: String

  /// - Parameter environment: The process's; nil results unless it asks for a hold.
  init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    guard let parts = environment["SLUICE_HOLD"]?.split(separator: ":", maxSplits: 1), parts.count == 2,
      let step = Int(parts[0])
    else { return nil }
    self.step = step
    fifo = String(parts[1])
  }

  /// Returns at once before any step but the one that is held.
  func wait(before step: Int) {
    guard step == self.step else { return }
    // Without O_NONBLOCK this would wait for a writer, and start again after a signal; poll never does.
    let file = open(fifo, O_RDONLY | O_NONBLOCK)
    guard file >= 0 else { return }
    var events = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    poll(&events, 1, -1)
    close(file)
  }
}
