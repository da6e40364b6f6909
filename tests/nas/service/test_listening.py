import pytest

from nas.errors import NotAllowed, UsageProblem
from nas.service.listening import checked_base_path, checked_proxies, refuse_open


@pytest.mark.parametrize(("host", "behind_proxy"), [("0.0.0.0", False), ("127.0.0.1", True)])
def test_without_a_token_nobody_else_is_let_in(host, behind_proxy):
    with pytest.raises(NotAllowed, match="nas token create"):
        refuse_open(host, behind_proxy, has_token=False)
    refuse_open(host, behind_proxy, has_token=True)
    refuse_open("127.0.0.1", False, has_token=False)


def test_a_base_path_is_made_of_plain_parts():
    assert [checked_base_path(given) for given in ("", "/", "nas", "/a/b-c/")] == [
        "",
        "",
        "/nas",
        "/a/b-c",
    ]
    for wrong in ("/a//b", "/a/../b", '/"><script>', "a b", "http://x"):
        with pytest.raises(UsageProblem):
            checked_base_path(wrong)


def test_proxies_are_addresses_and_networks():
    assert checked_proxies(" 10.0.0.2, 172.16.0.0/12,::1 ") == "10.0.0.2,172.16.0.0/12,::1"
    assert (checked_proxies(""), checked_proxies("*")) == ("", "*")
    for wrong in ("proxy", "10.0.0.2/8", "10.0.0.2,*", "10.0.0"):
        with pytest.raises(UsageProblem, match="is no address or network"):
            checked_proxies(wrong)
