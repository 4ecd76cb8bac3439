<?php
// composer require jumbojett/openid-connect-php
require __DIR__ . '/vendor/autoload.php';
session_start();

$itu = new Jumbojett\OpenIDConnectClient('ISSUER', 'CLIENT_ID', getenv('CLIENT_SECRET'));
$itu->setRedirectURL('https://service.example/callback.php');
$itu->addScope(explode(' ', 'SCOPES'));
$itu->setCodeChallengeMethod('S256');
$itu->authenticate(); // goes there and comes back here
$_SESSION['person'] = $itu->requestUserInfo();
header('Location: /');
