import Foundation
import Foundations
import Testing

@Suite struct BackgroundResultTests {
  @Test func itIsMadeWhileOthersGoOn() {
    let go = DispatchSemaphore(value: 0)
    let result = BackgroundResult(thread: "test") {
      go.wait()
      return 7
    }
    #expect(result.ifMade == nil)
    go.signal()
    #expect(result.wait() == 7 && result.ifMade == 7)
    #expect(result.wait() == 7)
  }
}
