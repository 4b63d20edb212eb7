import Collectives
import Foundation
import Foundations
import Machine

extension Sluice {
  /// Ends the program where a limit leaves its libraries too few addresses: they would end it without a word.
  static func requireAddresses() {
    let variables = ProcessInfo.processInfo.environment
    let messaging = Communicator.launchedTasks(variables) == nil ? 0 : 64 << 20
    guard let space = AddressSpace(), !space.holds(messaging) else { return }
    if Communicator.isFirstOfHost(variables) {
      let needed = memoryText(Double(space.least(with: messaging)))
      StandardStreams.say("sluice: \(space.words), and the program alone needs \(needed): raise the limit")
    }
    // A launcher ends the job at the first that fails, perhaps before the other has spoken or been heard.
    if messaging > 0 { sleep(1) }
    Foundation.exit(1)
  }
}
