import Foundation

/// Holds a run at a place in it, so that a test can do something to it there instead of racing it.
///
/// `SLUICE_HOLD=PLACE:FIFO` makes rank 0 open the FIFO for reading and wait until somebody has opened it for writing and
/// closed it, or a signal arrives; the other ranks wait for rank 0 as ever. PLACE is `step N`, before step N (counted
/// from 1), or `evaluation N`, in the evaluation after step N. For tests only: no option, no key, and nothing happens
/// without the variable.
struct RunHold {
  private let place: String
  private let fifo: String

  /// - Parameter environment: The process's; nil results unless it asks for a hold.
  init?(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
    guard let parts = environment["SLUICE_HOLD"]?.split(separator: ":", maxSplits: 1), parts.count == 2
    else { return nil }
    place = String(parts[0])
    fifo = String(parts[1])
  }

  func wait(beforeStep step: Int) { wait(at: "step \(step)") }

  func wait(inEvaluationAfter step: Int) { wait(at: "evaluation \(step)") }

  /// Returns at once anywhere but at the place that is held.
  private func wait(at place: String) {
    guard place == self.place else { return }
    // Without O_NONBLOCK this would wait for a writer, and start again after a signal; poll never does.
    let file = open(fifo, O_RDONLY | O_NONBLOCK)
    guard file >= 0 else { return }
    var events = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    poll(&events, 1, -1)
    close(file)
  }
}
