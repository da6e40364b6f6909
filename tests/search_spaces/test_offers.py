from search_spaces.architecture import Choice, Placement
from search_spaces.offers import Entry, Offer, OfferedAxis, slots_of

MODE = OfferedAxis("mode", ("softmax", "dot"))
SCALE = OfferedAxis("scale", (False, True), ("mode", ("softmax",)))
DEEP = OfferedAxis("deep", (1, 2, 3), ("scale", (True,)))


def test_choices_leave_out_inactive_axes_and_are_distinct():
    assert Offer("x", (MODE, SCALE)).choices() == (
        Choice.of("x", {"mode": "softmax", "scale": False}),
        Choice.of("x", {"mode": "softmax", "scale": True}),
        Choice.of("x", {"mode": "dot"}),
    )


def test_conditions_may_form_a_chain():
    choices = Offer("x", (MODE, SCALE, DEEP)).choices()
    assert len(choices) == len(set(choices)) == 1 + 3 + 1


def test_an_offer_without_axes_is_one_choice():
    assert Offer("x").choices() == (Choice("x"),)


def test_options_hold_every_position_and_none():
    entry = Entry(("stage2",), (Offer("none"), Offer("x", (MODE,), ("pre_add", "post_add"))))
    (slot,) = slots_of((entry,), ("stage1", "stage2"))
    options = slot.options()
    assert options[0] is None
    assert len(set(options)) == 1 + 2 * 2
    assert options[1] == (Placement("stage2", "pre_add"), Choice.of("x", {"mode": "softmax"}))


def test_slots_go_by_stage_then_by_entry():
    late, every = Entry(("stage2",), ()), Entry(("stage1", "stage2"), ())
    slots = slots_of((late, every), ("stage1", "stage2"))
    assert [(s.name, s.entry) for s in slots] == [("stage1", 1), ("stage2", 0), ("stage2+2", 1)]
