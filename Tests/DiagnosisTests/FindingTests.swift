import Diagnosis
import Testing

struct FindingTests {
  @Test func keepsWhatItIsGiven() {
    let finding = Finding(.slow, problem: "a", advice: "b")
    #expect(finding.severity == .slow && finding.problem == "a" && finding.advice == "b")
  }
}
