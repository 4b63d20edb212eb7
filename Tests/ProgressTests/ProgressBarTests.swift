import Testing

@testable import Progress

@Suite struct ProgressBarTests {
  static let state = ProgressState(
    share: 0.15, secondsLeft: 543,
    details: [
      "loss 5.1234", "MACs 51.2 %", "312 images/s", "epoch 3/20", "step 117/780", "density 0.520",
      "objective 5.0100", "budget 0.0834", "bound 0.0300", "lr 0.281",
    ])

  @Test(arguments: [
    (10, " 15 % 0:0"),
    (26, " 15 % 0:09:03 left"),
    (27, " 15 % [     ] 0:09:03 left"),
    (40, " 15 % [     ] 0:09:03 left  loss 5.1234"),
    (
      80, " 15 % [##                ] 0:09:03 left  loss 5.1234  MACs 51.2 %  312 images/s"
    ),
    (
      160,
      " 15 % [###                     ] 0:09:03 left  loss 5.1234  MACs 51.2 %  312 images/s"
        + "  epoch 3/20  step 117/780  density 0.520  objective 5.0100  budget 0.0834"
    ),
  ])
  func whatMattersMostHasRoomAtAnyWidth(columns: Int, line: String) {
    #expect(ProgressBar(isUTF8: false).line(Self.state, columns: columns) == line)
  }

  @Test func aLineNeverWraps() {
    var wrong: [(columns: Int, line: String)] = []
    for columns in 2...300 {
      for share in [-1, 0, 0.013, 0.5, 0.999, 1, 2] {
        for seconds in [nil, 0, 359_999, 360_000, 3e9] {
          var state = Self.state
          (state.share, state.secondsLeft) = (share, seconds)
          for isUTF8 in [true, false] {
            let line = ProgressBar(isUTF8: isUTF8).line(state, columns: columns)
            // With room for a bar it is used up, so that nothing moves but the bar.
            let isRight = columns > 40 ? line.count == columns - 1 : line.count < columns
            if !isRight { wrong.append((columns, line)) }
          }
        }
      }
    }
    #expect(wrong.isEmpty)
  }

  @Test(arguments: [
    (0, "[          ]", "[          ]"), (0.1, "[█         ]", "[#         ]"),
    (0.15, "[█▌        ]", "[#         ]"), (0.999, "[█████████▉]", "[######### ]"),
    (1, "[██████████]", "[##########]"),
  ])
  func glyphsShowEighths(share: Double, blocks: String, ascii: String) {
    let state = ProgressState(share: share, secondsLeft: 0, details: [])
    #expect(ProgressBar(isUTF8: true).line(state, columns: 32).contains(" % \(blocks) 0:"))
    #expect(ProgressBar(isUTF8: false).line(state, columns: 32).contains(" % \(ascii) 0:"))
  }

  @Test(arguments: [
    (nil, "-:--:--"), (0, "0:00:00"), (59.6, "0:01:00"), (359_999, "99:59:59"), (360_000, "4 d 4 h"),
    (.infinity, "-:--:--"), (-1, "-:--:--"),
  ])
  func timeLeftIsAClock(seconds: Double?, clock: String) {
    let state = ProgressState(share: 0, secondsLeft: seconds, details: [])
    #expect(ProgressBar(isUTF8: true).line(state, columns: 80).hasSuffix("] \(clock) left"))
  }
}
