"""The house's contracts in ape: they compile as configured and run on ape's own network, py-evm, an independent EVM."""


def test_a_token_is_deployed_and_minted(project, accounts):
    deployer, holder = accounts[0], accounts[1]
    token = deployer.deploy(project.Token, "USDC", 6)
    token.mint(holder, 5_000_000, sender=deployer)
    assert (token.symbol(), token.decimals()) == ("USDC", 6)
    assert token.balanceOf(holder) == token.totalSupply() == 5_000_000
